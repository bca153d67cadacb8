// A number as people write it: 24,000, 0.25, 5e-3.
const short = (v) => {
  if (v === 0) return "0";
  const a = Math.abs(v);
  if (a >= 1e3) return v.toLocaleString("en");
  return a < 1e-2 ? v.toExponential(2).replace(/\.?0*e/, "e") : String(+v.toPrecision(4));
};
