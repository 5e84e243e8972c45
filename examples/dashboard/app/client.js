// What the browser loads first. Only << ... >> tags are filled in; 1 << 3 is a shift and stays one.
const PANES = {list: 1 << 0, customer: 1 << 1, chart: 1 << 3};
const ERRORS = {
  dsn: "<< environment.variables.SENTRY_DSN >>",
  environment: "<< environment.name >>",
  release: "<< app.name >>@<< app.release >>",
};
startDashboard(PANES, ERRORS);
