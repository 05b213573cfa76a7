// Questions to the server, and its answers; what it refuses is an error with its words.

export class Refused extends Error {}

async function answer(response) {
  const content = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw new Refused(content.error);
  return content;
}

export async function getJson(path, query = {}) {
  const search = new URLSearchParams(query).toString();
  return answer(await fetch(search ? `${path}?${search}` : path));
}

export async function postJson(path, content) {
  return answer(await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  }));
}
