// Files with the folders they lie in, from a drop or a picker: [{ file, path }]. What operating systems leave behind in
// folders is passed over; a file that can't be read comes as { file, path, unreadable }.

const LITTER = /^(\.ds_store|thumbs\.db|desktop\.ini|\._.*|~\$.*)$/i;

export function picked(files) {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath || "" })).filter(isWanted);
}

// The entries must be asked for before the event is over; reading the folders takes longer.
export async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = await Promise.all(entries.filter(Boolean).map(walk));
  return found.flat().filter(isWanted);
}

async function walk(entry) {
  if (entry instanceof File) return [{ file: entry, path: "" }];
  const path = entry.fullPath.replace(/^\//, "");
  if (!entry.isDirectory) return [await read(entry, path)];
  const found = [];
  for (const child of await children(entry)) found.push(...(await walk(child)));
  return found;
}

function read(entry, path) {
  return new Promise((resolve) => {
    const unreadable = () => resolve({ file: new File([], entry.name), path, unreadable: true });
    entry.file((file) => resolve({ file, path: path.includes("/") ? path : "" }), unreadable);
  });
}

// A reader hands out a folder in parts, and an empty part at its end.
async function children(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const part = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!part.length) return all;
    all.push(...part);
  }
}

function isWanted({ file }) {
  return !LITTER.test(file.name);
}
