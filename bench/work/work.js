// What programs in JavaScript do: objects, maps, strings, arrays of numbers. work.js TURNS
class Node {
    constructor(key) { this.key = key; this.left = this.right = null; }
    insert(key) {
        const side = key < this.key ? "left" : "right";
        if (this[side]) this[side].insert(key); else this[side] = new Node(key);
    }
    depth() { return 1 + Math.max(this.left ? this.left.depth() : 0, this.right ? this.right.depth() : 0); }
}

function tree(n) {
    const root = new Node(0.5);
    for (let i = 0, x = 1; i < n; i++) { x = (x * 16807) % 2147483647; root.insert(x / 2147483647); }
    return root.depth();
}

function text(n) {
    const counts = new Map();
    for (let i = 0; i < n; i++) {
        const word = `w${(i * i) % 97}`.padEnd(5, "x").toUpperCase();
        counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    const sorted = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return JSON.stringify(sorted.slice(0, 3)) + sorted.map((e) => e[0]).join("").replace(/X+W/g, "-").length;
}

function matrix(n) {
    const a = new Float64Array(n * n).map((_, i) => (i % 7) / 3), b = new Float64Array(n * n).map((_, i) => (i % 11) / 5);
    let trace = 0;
    for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
            let dot = 0;
            for (let k = 0; k < n; k++) dot += a[i * n + k] * b[k * n + j];
            if (i === j) trace += dot;
        }
    return trace.toFixed(6);
}

for (let turn = 1; turn <= Number(process.argv[2]); turn++) console.log(turn, tree(3000), text(3000), matrix(40));
