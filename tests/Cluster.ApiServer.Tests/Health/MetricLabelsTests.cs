using System.Text;
using System.Text.RegularExpressions;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Health;

/// <summary>What operators' dashboards and alerts ask for is there, with the labels they ask by: the names and labels are Kubernetes' own.</summary>
public sealed partial class MetricLabelsTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("apiserver_request_total", "counter", "code component dry_run group resource scope subresource verb version")]
    [InlineData("apiserver_request_duration_seconds", "histogram", "component dry_run group resource scope subresource verb version")]
    [InlineData("apiserver_current_inflight_requests", "gauge", "request_kind")]
    [InlineData("apiserver_longrunning_requests", "gauge", "component group resource scope subresource verb version")]
    [InlineData("apiserver_watch_events_total", "counter", "group kind version")]
    [InlineData("etcd_request_duration_seconds", "histogram", "operation type")]
    [InlineData("apiserver_flowcontrol_current_executing_requests", "gauge", "priority_level")]
    [InlineData("process_cpu_seconds_total", "counter", "")]
    [InlineData("process_resident_memory_bytes", "gauge", "")]
    [InlineData("process_start_time_seconds", "gauge", "")]
    public async Task Metric_HasKubernetesTypeAndLabels(string name, string type, string labels)
    {
        await CreateAsync();
        using var watch = await WatchAsync();
        // The administrator takes no seat.
        using var stranger = await rig.Anonymous.GetAsync(ConfigMaps, Cancel);

        var lines = await LinesAsync();
        Assert.Contains($"# TYPE {name} {type}", lines);
        var samples = lines.Select(line => Sample().Match(line)).Where(sample => sample.Success && SampleOf(sample.Groups["name"].Value, type) == name).ToList();
        Assert.NotEmpty(samples);
        Assert.All(samples, sample => Assert.Equal(labels, string.Join(' ', Label().Matches(sample.Groups["labels"].Value).Select(label => label.Groups[1].Value).Where(label => label != "le"))));
    }

    [Fact]
    public async Task Requests_AreCountedByWhatTheyAre()
    {
        const string Key = """apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="POST",version="v1"}""";
        var before = await ValueAsync(Key);
        await CreateAsync();

        await Eventually.True(async () => await ValueAsync(Key) == before + 1);
        Assert.True(await ValueAsync("""apiserver_request_duration_seconds_count{component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="POST",version="v1"}""") >= 1);
        Assert.True(await ValueAsync("""etcd_request_duration_seconds_count{operation="create",type="configmaps"}""") >= 1);
    }

    [Fact]
    public async Task OpenWatches_AreCountedByResource_WhileTheyAreOpen()
    {
        const string Key = """apiserver_longrunning_requests{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="WATCH",version="v1"}""";
        var (open, sent) = (await ValueAsync(Key), await ValueAsync("""apiserver_watch_events_total{group="",kind="ConfigMap",version="v1"}"""));
        using (var watch = await WatchAsync())
        {
            Assert.Equal(open + 1, await ValueAsync(Key));
            using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync(Cancel));
            await CreateAsync();
            Assert.NotNull(await lines.ReadLineAsync(Cancel));
            Assert.True(await ValueAsync("""apiserver_watch_events_total{group="",kind="ConfigMap",version="v1"}""") > sent);
        }

        await Eventually.True(async () => await ValueAsync(Key) == open);
    }

    [Fact]
    public async Task RequestsUnderWay_AreToldByKind()
    {
        const string Key = """apiserver_current_inflight_requests{request_kind="mutating"}""";
        var before = await ValueAsync(Key);
        using var body = new PendingBody("""{"metadata":{"generateName":"slow-"}}""");
        var posting = rig.Admin.PostAsync(ConfigMaps, body, Cancel);

        await Eventually.True(async () => await ValueAsync(Key) == before + 1);
        // Whoever asks is one of them.
        Assert.True(await ValueAsync("""apiserver_current_inflight_requests{request_kind="readOnly"}""") >= 1);
        body.End();
        using var answer = await posting;
        Assert.True(answer.IsSuccessStatusCode);
        await Eventually.True(async () => await ValueAsync(Key) == before);
    }

    private async Task CreateAsync()
    {
        using var body = new StringContent("""{"metadata":{"generateName":"counted-"}}""", Encoding.UTF8, "application/json");
        using var answer = await rig.Admin.PostAsync(ConfigMaps, body, Cancel);
        answer.EnsureSuccessStatusCode();
    }

    private async Task<HttpResponseMessage> WatchAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, ConfigMaps + "?watch=true") { Version = System.Net.HttpVersion.Version20 };
        return await rig.Admin.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
    }

    private async Task<string[]> LinesAsync() => (await rig.Admin.GetStringAsync("/metrics", Cancel)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private async Task<double> ValueAsync(string sample) =>
        (await LinesAsync()).Where(line => line.StartsWith(sample + " ", StringComparison.Ordinal))
            .Select(line => double.Parse(line[(sample.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture)).SingleOrDefault();

    private static string SampleOf(string name, string type) => type == "histogram" ? HistogramPart().Replace(name, "") : name;

    [GeneratedRegex("""^(?<name>[a-z_]+)(\{(?<labels>.*)\})? [-+0-9.eE]+$""")]
    private static partial Regex Sample();

    [GeneratedRegex("([a-z_]+)=\"")]
    private static partial Regex Label();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramPart();

    /// <summary>A body whose end is held back.</summary>
    private sealed class PendingBody : HttpContent
    {
        private readonly byte[] _text;
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public PendingBody(string json)
        {
            _text = Encoding.UTF8.GetBytes(json);
            Headers.ContentType = new("application/json");
        }

        public void End() => _end.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(_text.AsMemory(0, 5));
            await stream.FlushAsync();
            await _end.Task;
            await stream.WriteAsync(_text.AsMemory(5));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
