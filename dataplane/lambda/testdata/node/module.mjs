export const handler = async (event) => ({ module: true, text: event.text });
