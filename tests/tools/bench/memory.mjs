// Evaluated before the edge: remembers the memory of the wasm that is instantiated next.
let last;
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(module, imports) {
    super(module, imports);
    last = this.exports.memory;
  }
};

export const memory = () => last;
