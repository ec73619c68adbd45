import type { App } from './app.ts';
import { make } from './dom.ts';
import { base64Bytes } from './tiles.ts';

/** The films themselves for a few seconds, side by side and at the same time. */
export function createExcerpts(app: App): readonly HTMLElement[] {
  const excerpts = app.manifest.film?.excerpts ?? [];
  if (excerpts.length === 0) return [];
  const videos = excerpts.map(({ id, type, name }) => {
    const data = new Blob([base64Bytes(document.getElementById(id)!.textContent)], { type });
    const video = make('video', {
      loop: true,
      playsinline: true,
      preload: 'auto',
      'aria-label': name,
      src: URL.createObjectURL(data),
    });
    video.muted = true;
    return video;
  });
  const button = make('button', { type: 'button', click: () => void toggle() }, 'Play');
  const [first, ...others] = videos;
  const toggle = async (): Promise<void> => {
    if (!first!.paused) {
      for (const video of videos) video.pause();
    } else {
      for (const video of others) video.currentTime = first!.currentTime;
      await Promise.all(videos.map((video) => video.play())).catch(() => {});
    }
    button.textContent = first!.paused ? 'Play' : 'Pause';
  };
  // Loops of two players drift apart: the first one leads.
  first!.addEventListener('timeupdate', () => {
    for (const video of others)
      if (Math.abs(video.currentTime - first!.currentTime) > 0.1) video.currentTime = first!.currentTime;
  });
  const figures = videos.map((video, index) =>
    make('figure', {}, video, make('figcaption', {}, excerpts[index]!.name)),
  );
  return [
    make(
      'section',
      {},
      make('h2', {}, 'The films themselves, around the worst frame'),
      make('p', { class: 'note' }, 'Coded again for browsers, without sound, not wider than 1280 pixels.'),
      button,
      make('div', { class: 'excerpts' }, ...figures),
    ),
  ];
}
