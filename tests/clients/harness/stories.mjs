// Stories in a browser, one after the other: one that fails does not hide those after it.

/** Tells each story, or those whose names hold one of `only`; says how many failed. */
export async function tellAll(stories, only = []) {
  let failed = 0;
  for (const [story, tell] of Object.entries(stories)) {
    if (only.length > 0 && !only.some((part) => story.includes(part))) continue;
    try {
      await tell();
      console.log(`${story}: fine`);
    } catch (error) {
      failed += 1;
      console.error(`${story}:\n${error.stack}`);
    }
  }
  return failed;
}
