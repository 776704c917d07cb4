using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Cluster.ApiServer.Hosting;

namespace Cluster.ApiServer.Tests.Hosting;

public sealed class RequestTracesTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    [Fact]
    public async Task Request_WithATraceparent_IsASpanOfThatTraceAndSoIsTheStoresWork()
    {
        var trace = ActivityTraceId.CreateRandom();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == RequestTraces.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/namespaces/default/configmaps")
        {
            Version = System.Net.HttpVersion.Version20, Content = new StringContent("""{"metadata":{"generateName":"traced-"}}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        using var response = await rig.Admin.SendAsync(request, TestContext.Current.CancellationToken);
        await Cluster.Testing.Eventually.True(() => spans.Any(span => span.TraceId == trace && span.DisplayName == "POST configmaps"));

        var server = spans.Single(span => span.TraceId == trace && span.DisplayName == "POST configmaps");
        Assert.Equal(ActivityKind.Server, server.Kind);
        Assert.Equal(201, server.GetTagItem("http.response.status_code"));
        Assert.Contains(spans, span => span.TraceId == trace && span.DisplayName == "store write");
    }
}
