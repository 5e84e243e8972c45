const BASE = "<< resources.billing.base_url >>";
const LEVEL = "<< environment.variables.LOG_LEVEL >>";

export async function status() {
  const headers = { "X-Environment": "<< environment.name >>", "X-App": "<< app.name >>" };
  if (LEVEL !== "silent") console.log("asking", BASE);
  const answer = await fetch(`${BASE}/status`, { headers });
  return answer.json();
}

// A tag that is meant as text: \<< environment.variables.LOG_LEVEL >> stays as it stands.
export const help = "write \<< environment.variables.NAME >> where a value belongs";
