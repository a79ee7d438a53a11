// The second figure: the waveform of one point.


const MARKS = 9;  // markers of a curve

/** The sums of differences, in units. */
function summed(differences, unit, begin = 0) {
  let sum = 0;
  return differences.map((difference) => begin + (sum += difference) * unit);
}

/** Outputs over time, shaded bands around their final values, a line at the settling time. */
function drawWaveform(wave, look) {
  const time = summed(wave.time, wave.time_step, wave.begin);
  const outputs = wave.outputs.map((output) => summed(output, wave.volts));
  const finals = outputs.map((output) => output.at(-1));
  const band = wave.tolerance * Math.max(...finals.map(Math.abs));
  const color = (k) => look.colours[k % look.colours.length];
  const traces = outputs.map((y, k) => ({
    mode: "lines+markers", name: wave.names[k], x: time, y, showlegend: true,
    marker: { symbol: SYMBOLS[k % SYMBOLS.length], size: 6, color: color(k), maxdisplayed: MARKS },
    hovertemplate: "%{text}<extra></extra>",
    text: y.map((volts, i) => `${wave.names[k]}<br>${engineering(time[i], "s")}: ${engineering(volts, "V")}`),
    line: { color: color(k), width: 1.5, dash: DASHES[k % DASHES.length] },
  }));
  const shapes = finals.map((final, k) => ({
    type: "rect", xref: "paper", x0: 0, x1: 1, y0: final - band, y1: final + band, fillcolor: color(k), opacity: 0.2,
    line: { width: 0 },
  }));
  const settled = wave.settling_time;
  if (settled !== null) {
    const line = { color: look.text, width: 1, dash: "dash" };
    shapes.push({ type: "line", yref: "paper", y0: 0, y1: 1, x0: settled, x1: settled, line });
  }
  element("waveform-caption").textContent = settled === null ? "It did not settle."
    : `Settled after ${engineering(settled, "s")} (line) to ${engineering(wave.tolerance, "%")} of the largest final `
      + "output (bands).";
  const axis = (text, unit) => ({ title: { text }, ...ticks(unit) });
  const layout = layoutOf(look, axis("time after the step", "s"), axis("outputs", "V"), { shapes });
  return Plotly.react(element("waveform"), traces, layout, CONFIGURATION);
}
