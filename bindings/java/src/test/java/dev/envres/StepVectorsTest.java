// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.Map;

/** The shared vectors of errors and limits: each case is a list of steps on a store of its own. */
final class StepVectorsTest extends Fixture {
    private static void check(Map<String, Object> one, EnvresException error, String canary) {
        Map<String, Object> expect = map(one.get("error"));
        Object name = one.get("name");
        that(error != null, name);
        equal(expect.get("code"), error.name(), name);
        if (expect.containsKey("subject") && expect.get("subject") == null) {
            that(!error.subject().isEmpty(), name);
        } else {
            equal(expect.getOrDefault("subject", ""), error.subject(), name);
        }
        equal(yes(expect, "hint"), !error.hint().isEmpty(), name);
        equal(expect.getOrDefault("offset", -1L), error.offset(), name);
        equal(expect.getOrDefault("line", 0L), (long) error.line(), name);
        equal(expect.getOrDefault("column", 0L), (long) error.column(), name);
        that(!(error + error.getMessage() + error.hint() + error.subject()).contains(canary), name);
        that(!error.getMessage().isEmpty() && !error.getMessage().endsWith("."), name);
    }

    void testErrors() {
        Map<String, Object> document = vectors("errors.json");
        for (Map<String, Object> one : maps(document.get("cases"))) {
            try (Steps steps = new Steps()) {
                var all = maps(one.get("steps"));
                all.subList(0, all.size() - 1).forEach(steps::run);
                check(one, steps.fails(all.get(all.size() - 1)), text(document, "canary"));
            }
        }
        counted(maps(document.get("cases")).size(), document);
    }

    void testLimits() {
        Map<String, Object> document = vectors("limits.json");
        for (Map<String, Object> one : maps(document.get("cases"))) {
            try (Steps steps = new Steps()) {
                for (Map<String, Object> step : maps(one.get("steps"))) {
                    for (long i = 0; i < (Long) step.getOrDefault("times", 1L); i++) {
                        steps.run(step);
                    }
                }
                if (one.containsKey("at")) {
                    steps.run(map(one.get("at")));
                }
                EnvresException error = steps.fails(map(one.get("over")));
                that(error != null, one.get("name"));
                equal(one.getOrDefault("code", "ENVRES_E_LIMIT"), error.name(), one.get("name"));
            }
        }
        counted(maps(document.get("cases")).size(), document);
    }
}
