import { graphql } from "./graphql";

export const readSchedules = graphql(`
  query ReportSchedules($project: ID!, $mode: Mode!) {
    reportSchedules(project: $project, mode: $mode) { id every contents format from to nextAt }
    webhookEndpoints(project: $project, mode: $mode) { id types enabled }
  }
`);
export const readRuns = graphql(`
  query ReportRuns($project: ID!, $mode: Mode!, $first: Int, $after: String) {
    reportRuns(project: $project, mode: $mode, first: $first, after: $after) {
      nodes { id schedule from to contents format trial madeAt eventId lines bytes sha256 fileUrl told { delivered pending failed } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);
export const createSchedule = graphql(`
  mutation CreateReportSchedule($input: ReportScheduleInput!) {
    createReportSchedule(input: $input) { schedule { id } userErrors { code message field } }
  }
`);
export const updateSchedule = graphql(`
  mutation UpdateReportSchedule($input: ReportScheduleChange!) {
    updateReportSchedule(input: $input) { schedule { id } userErrors { code message field } }
  }
`);
export const removeSchedule = graphql(`
  mutation RemoveReportSchedule($project: ID!, $mode: Mode!, $id: ID!) {
    removeReportSchedule(project: $project, mode: $mode, id: $id) { removed userErrors { code message field } }
  }
`);
export const sendNow = graphql(`
  mutation SendReportNow($project: ID!, $mode: Mode!, $schedule: ID!) {
    sendReportNow(project: $project, mode: $mode, schedule: $schedule) { run { id } userErrors { code message field } }
  }
`);
