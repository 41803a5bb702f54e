// Uploads one file with tus-js-client. Reads {endpoint, headers, file, metadata, chunkSize, memory, stopAfter} as JSON;
// `memory`: where the client remembers its uploads, `stopAfter`: bytes after which it is cut off. Prints JSON.
import { createReadStream, readFileSync } from "node:fs";
import * as tus from "tus-js-client";

const asked = JSON.parse(readFileSync(0, "utf8"));
const offsets = [];
const options = {
  endpoint: asked.endpoint,
  headers: asked.headers,
  metadata: asked.metadata,
  chunkSize: asked.chunkSize,
  retryDelays: [0, 100],
  urlStorage: asked.memory ? new tus.FileUrlStorage(asked.memory) : undefined,
  storeFingerprintForResuming: Boolean(asked.memory),
  removeFingerprintOnSuccess: true,
  onBeforeRequest: (request) => {
    if (request.getMethod() === "PATCH") offsets.push(Number(request.getHeader("Upload-Offset")));
  },
  onChunkComplete: (_size, accepted) => {
    if (asked.stopAfter && accepted >= asked.stopAfter) upload.abort().then(() => say({ stopped: accepted }));
  },
  onError: (error) => say({ error: error.message, status: error.originalResponse?.getStatus() ?? null }),
  onSuccess: () => say({ url: upload.url }),
};

function say(what) {
  console.log(JSON.stringify({ ...what, offsets }));
  process.exit(0);
}

const upload = new tus.Upload(createReadStream(asked.file), options);
const previous = asked.memory ? await upload.findPreviousUploads() : [];
if (previous.length) upload.resumeFromPreviousUpload(previous[0]);
upload.start();
