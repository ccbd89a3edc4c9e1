// Runs ONNX models with ONNX Runtime and compares their outputs with those in cases.json.
// usage: node compare.mjs PACKAGE CASES    (the folder of the package onnxruntime-node, and the folder with the cases)
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [packageFolder, folder] = process.argv.slice(2);
const ort = createRequire(import.meta.url)(resolve(packageFolder));
const tolerance = 1e-5;

const arrays = {
  float32: Float32Array, float64: Float64Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array, bool: Uint8Array,
};

function tensor({ dtype, dims, data }) {
  const numbers = dtype === 'int64' ? data.map(BigInt) : data.map((x) => (x === 'nan' ? NaN : Number(x)));
  return new ort.Tensor(dtype, arrays[dtype].from(numbers), dims);
}

/// What is different, or nothing.
function difference(actual, expected) {
  if (actual.type !== expected.dtype) return `expected ${expected.dtype}, got ${actual.type}`;
  if (actual.dims.join() !== expected.dims.join()) return `expected shape [${expected.dims}], got [${actual.dims}]`;
  let worst = 0, at = -1;
  for (let i = 0; i < expected.data.length; ++i) {
    const a = Number(actual.data[i]), e = expected.data[i] === 'nan' ? NaN : Number(expected.data[i]);
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    const error = Math.abs(a - e) / Math.max(1, Math.abs(e));
    if (!(error <= worst)) { worst = error; at = i; }
  }
  if (worst <= tolerance) return '';
  return `element ${at} of ${expected.data.length}: expected ${expected.data[at]}, got ${actual.data[at]}`;
}

let failures = 0, runs = 0;
for (const each of JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'))) {
  const fail = (text) => { ++failures; console.log(`FAILED ${each.name}: ${text}`); };
  try {
    const session = await ort.InferenceSession.create(join(folder, each.file), { logSeverityLevel: 2, intraOpNumThreads: 1 });
    for (const [n, run] of each.runs.entries()) {
      const feeds = {};
      run.inputs.forEach((input, i) => { feeds[session.inputNames[i]] = tensor(input); });
      const outputs = await session.run(feeds);
      if (session.outputNames.length !== run.outputs.length) fail(`${session.outputNames.length} outputs`);
      run.outputs.forEach((expected, i) => {
        const different = difference(outputs[session.outputNames[i]], expected);
        if (different) fail(`run ${n}, output "${session.outputNames[i]}": ${different}`);
      });
      ++runs;
    }
    await session.release();
  } catch (error) {
    fail(String(error.message).split('\n')[0]);
  }
}
console.log(`${runs} runs, ${failures} differences`);
process.exit(failures === 0 ? 0 : 1);
