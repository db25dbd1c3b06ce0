// Preloaded before every build script: ends the process when the pipe to its Jenkins closes, so that no build outlives it.
process.stdin.on('error', () => process.exit(143));
process.stdin.on('end', () => process.exit(143));
process.stdin.resume();
process.stdin.unref?.();
