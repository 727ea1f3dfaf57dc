#!/usr/bin/env bash
# Packs `npm run bench:gpu` for a Linux machine that has a GPU and no network: the Node binary, the encoder, the
# benchmark and the WebGPU package for this kind of processor, about 40 MB.
#   bench/encoder-gpu-kit.sh /tmp/gpu-kit.tar.xz        # here, after npm ci
#   tar xJf gpu-kit.tar.xz && gpu-kit/run --json out.json   # there
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:?say where the archive goes}")
kit=$(mktemp -d)
trap 'rm -rf "$kit"' EXIT
dir=$kit/gpu-kit
mkdir -p "$dir/bench" "$dir/node_modules/webgpu/dist"
cp -r encoder package.json "$dir"
cp bench/encoder-gpu.ts "$dir/bench"
cp -L "$(node -p process.execPath)" "$dir/node"
platform=$(node -p '`${process.platform}-${process.arch}`')
cp node_modules/webgpu/{package.json,index.js,LICENSE.md} "$dir/node_modules/webgpu"
cp -r "node_modules/webgpu/dist/$platform" "$dir/node_modules/webgpu/dist"
printf '#!/bin/sh\ncd "$(dirname "$0")" && exec ./node bench/encoder-gpu.ts "$@"\n' >"$dir/run"
chmod +x "$dir/run"
tar -C "$kit" -c gpu-kit | xz -T0 -2 >"$out"
ls -l "$out"
