using System.Net.Http.Headers;
using System.Text;

namespace Cluster.EndToEnd.Tests;

/// <summary>What API server, controller manager and scheduler tell of themselves on their ports: metrics by the names operators know, and nothing else.</summary>
public sealed class ComponentMetricsTests(ControlPlaneProcesses rig) : IClassFixture<ControlPlaneProcesses>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_OfEachComponent_HaveTheNamesOperatorsKnow()
    {
        await CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n"}}""");
        await SendAsync(HttpMethod.Patch, "/api/v1/nodes/n/status", """{"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"100"},"capacity":{"cpu":"4","memory":"8Gi","pods":"100"},"conditions":[{"type":"Ready","status":"True"}]}}""", "application/merge-patch+json");
        await CreateAsync("/apis/apps/v1/namespaces/default/deployments", """{"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"tolerations":[{"operator":"Exists"}],"containers":[{"name":"c","image":"i"}]}}}}""");
        using var http = new HttpClient();
        const string Profile = "profile=\"default-scheduler\",result=\"scheduled\"";
        await HasAsync(http, rig.SchedulerPort, [
            $"scheduler_schedule_attempts_total{{{Profile}}} 2", $"scheduler_scheduling_attempt_duration_seconds_count{{{Profile}}} 2", $"scheduler_scheduling_attempt_duration_seconds_bucket{{{Profile},le=\"+Inf\"}} 2",
            "scheduler_pending_pods{queue=\"active\"} 0", "scheduler_pending_pods{queue=\"backoff\"} 0", "scheduler_pending_pods{queue=\"unschedulable\"} 0",
            "scheduler_pod_scheduling_sli_duration_seconds_count{attempts=\"1\"} 2", "scheduler_pod_scheduling_attempts_count 2", "scheduler_scheduling_algorithm_duration_seconds_count 2", "process_cpu_seconds_total ",
        ]);
        await HasAsync(http, rig.ControllersPort, [.. ((string[])["deployment", "replicaset"]).SelectMany(name => (string[])
        [
            $"workqueue_depth{{name=\"{name}\"}} 0", $"workqueue_adds_total{{name=\"{name}\"}} ", $"workqueue_queue_duration_seconds_count{{name=\"{name}\"}} ", $"workqueue_work_duration_seconds_count{{name=\"{name}\"}} ",
            $"workqueue_retries_total{{name=\"{name}\"}} ", $"workqueue_unfinished_work_seconds{{name=\"{name}\"}} ", $"workqueue_longest_running_processor_seconds{{name=\"{name}\"}} ",
        ]), "process_resident_memory_bytes "]);
        string served = await rig.Admin.GetStringAsync("/metrics", Cancel);
        Assert.Contains("apiserver_request_total{code=\"201\",component=\"apiserver\",dry_run=\"\",group=\"apps\",resource=\"deployments\",scope=\"resource\",subresource=\"\",verb=\"POST\",version=\"v1\"} 1\n", served, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HealthPorts_AnswerWhatTheyAreForAndNothingElse()
    {
        using var http = new HttpClient();
        foreach (int port in (int[])[rig.ControllersPort, rig.SchedulerPort])
        {
            await Poll.UntilAsync("the component", async () => await TryAsync(http, $"http://127.0.0.1:{port}/healthz") == "ok");
            foreach (string path in (string[])["/", "/debug/pprof", "/configz", "/metrics/", "/healthz/x", "/api/v1/secrets", "/logs"])
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), Cancel);
                Assert.Equal((404, "404 page not found\n"), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel)));
            }

            // Numbers only: no name of an object, no text of a person's.
            Assert.DoesNotContain("default/", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), Cancel), StringComparison.Ordinal);
        }
    }

    private static async Task HasAsync(HttpClient http, int port, string[] expected)
    {
        await Poll.UntilAsync("the metrics", async () =>
        {
            string text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), Cancel);
            Assert.All(expected, line => Assert.Contains("\n" + line, text, StringComparison.Ordinal));
            return true;
        });
    }

    private static async Task<string?> TryAsync(HttpClient http, string path)
    {
        try
        {
            return await http.GetStringAsync(path, Cancel);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static StringContent Json(string body, string type = "application/json") => new(body, Encoding.UTF8, new MediaTypeHeaderValue(type));

    private Task CreateAsync(string path, string body) => SendAsync(HttpMethod.Post, path, body, "application/json");

    private async Task SendAsync(HttpMethod method, string path, string body, string type)
    {
        using var request = new HttpRequestMessage(method, path) { Content = Json(body, type) };
        using HttpResponseMessage answer = await rig.Admin.SendAsync(request, Cancel);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancel));
    }
}
