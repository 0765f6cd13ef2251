/*
 * show_plan.c: prints the plan of a network on this machine as text or JSON: algorithms,
 * operations, estimated times.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output.h"
#include "cli/show.h"

#include <stdlib.h>

/* The passes and their sums. */
typedef struct plan_rows {
    alexnet_pass_info *rows;
    int count;
    double gflop, executed, seconds;
    alexnet_memory_info memory;
} plan_rows;

static alexnet_status get_plan(const alexnet_model *model, int batch, bool train, plan_rows *plan)
{
    alexnet_model_info info;

    alexnet_model_get_info(model, &info);
    const int capacity = 3 * info.layers;
    plan->rows = cli_allocate((size_t)capacity, sizeof *plan->rows);
    alexnet_status status =
        alexnet_model_get_plan(model, batch, train, plan->rows, capacity, &plan->count);
    if (status == ALEXNET_OK) status = alexnet_model_get_memory(model, batch, train, &plan->memory);
    for (int i = 0; i < plan->count; ++i) {
        plan->gflop += plan->rows[i].gflop;
        plan->executed += plan->rows[i].executed_gflop;
        plan->seconds += plan->rows[i].seconds;
    }
    return status;
}

static json_t *row_json(an_json_maker *m, const alexnet_pass_info *row)
{
    return an_json_pack(m, "{s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:f, s:o, s:I}", "name", row->layer,
                        "type", row->type, "pass", row->pass, "algorithm", row->algorithm, "tiles",
                        row->tiles, "fused", row->fused, "gflop", row->gflop, "executed_gflop",
                        row->executed_gflop, "predicted_milliseconds",
                        row->seconds > 0 ? an_json_real(m, 1e3 * row->seconds) : json_null(),
                        "bytes", (json_int_t)row->bytes);
}

static cli_exit plan_json(cli *app, const char *model, int batch, bool train,
                          const alexnet_machine *machine, const plan_rows *plan)
{
    an_json_maker *m = &app->json;
    json_t *passes = an_json_list(m);

    for (int i = 0; i < plan->count; ++i)
        an_json_add(m, passes, row_json(m, &plan->rows[i]));
    return cli_json_print(
        app, an_json_pack(m, "{s:i, s:s, s:s, s:s, s:i, s:i, s:s, s:f, s:f, s:f, s:f, s:I, s:o}",
                          "schema", 1, "model", model, "task", train ? "train" : "infer", "dtype",
                          cli_dtype(app), "batch", batch, "threads", machine->threads, "tier",
                          machine->tier, "gflop", plan->gflop, "executed_gflop", plan->executed,
                          "predicted_milliseconds", 1e3 * plan->seconds,
                          "predicted_images_per_second", batch / plan->seconds, "memory_bytes",
                          (json_int_t)plan->memory.total, "passes", passes));
}

/* Formats a number with about three significant digits; "" for 0. */
static const char *number(double value, char text[CLI_NUMBER])
{
    text[0] = '\0';
    if (value > 0) snprintf(text, CLI_NUMBER, "%.*f", value < 10 ? 3 : value < 100 ? 2 : 1, value);
    return text;
}

static void print_rows(const plan_rows *plan)
{
    cli_table table = {.align = "lllllrrrr"};
    char a[CLI_NUMBER], b[CLI_NUMBER], c[CLI_NUMBER], d[CLI_NUMBER];

    cli_table_row(&table, "layer", "pass", "algorithm", "tiles", "fused", "GFLOP", "executed",
                  "stores", "ms");
    for (int i = 0; i < plan->count; ++i) {
        const alexnet_pass_info *row = &plan->rows[i];
        cli_table_row(&table, row->layer, row->pass,
                      row->algorithm[0] != '\0' ? row->algorithm : row->type, row->tiles,
                      row->fused, number(row->gflop, a), number(row->executed_gflop, b),
                      row->bytes > 0 ? cli_bytes(row->bytes, c) : "",
                      row->seconds > 0 ? number(1e3 * row->seconds, d) : "-");
    }
    cli_table_row(&table, "total", "", "", "", "", number(plan->gflop, a),
                  number(plan->executed, b), "", number(1e3 * plan->seconds, d));
    cli_table_print(&table, stdout, "");
    cli_table_free(&table);
}

cli_exit cli_show_plan(cli *app, const alexnet_model *model, int batch, bool train)
{
    plan_rows plan = {0};
    alexnet_machine machine;
    alexnet_model_info info;
    char a[CLI_NUMBER];
    cli_exit code = CLI_DONE;

    alexnet_model_get_info(model, &info);
    alexnet_status status = alexnet_get_machine(app->ctx, &machine);
    if (status == ALEXNET_OK) status = get_plan(model, batch, train, &plan);
    if (status != ALEXNET_OK) {
        code = cli_fail(app, status);
    } else if (app->common->json) {
        code = plan_json(app, info.family, batch, train, &machine, &plan);
    } else {
        cli_print(stdout, "%s %s, %s, batch %d, %d %s, %s\n\n", train ? "train" : "infer",
                  info.family, cli_dtype(app), batch, machine.threads,
                  cli_noun(machine.threads, "thread", "threads"), machine.tier);
        print_rows(&plan);
        cli_print(stdout, "\nestimate: %.1f images/s, memory %s\n", batch / plan.seconds,
                  cli_bytes(plan.memory.total, a));
    }
    free(plan.rows);
    return code;
}
