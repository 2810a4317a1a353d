export const port = 0; console.log('sim', port);
