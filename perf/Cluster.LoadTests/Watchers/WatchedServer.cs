using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cluster.LoadTests.Api;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Watchers;

/// <summary>An API server whose objects of one kind are watched, and its administrator's clients.</summary>
internal sealed class WatchedServer : IDisposable
{
    /// <summary>A kind that nothing else touches; a few fields, and annotations of any size.</summary>
    public const string Objects = "/apis/scheduling.k8s.io/v1/priorityclasses";

    public const string Ticker = "ticker";

    private readonly ApiServerProcess _server;
    private readonly HttpClient _writer;

    private WatchedServer(ApiServerProcess server)
    {
        _server = server;
        _writer = Client(System.Net.HttpVersion.Version20, null);
    }

    public ProcessUse Use => _server.Use;

    /// <exception cref="InvalidOperationException">It did not come up.</exception>
    public static async Task<WatchedServer> StartAsync(string cluster, int core)
    {
        string data = Directory.CreateTempSubdirectory("cluster-watchers-").FullName;
        try
        {
            return new WatchedServer(await ApiServerProcess.StartAsync(cluster, data, core.ToString(CultureInfo.InvariantCulture)));
        }
        catch
        {
            Directory.Delete(data, recursive: true);
            throw;
        }
    }

    /// <inheritdoc cref="ApiServerProcess.Administrator"/>
    public HttpClient Client(Version version, int? receiveBytes) => _server.Administrator(version, receiveBytes);

    /// <summary>Makes an object with an annotation of a length.</summary>
    public async Task CreateAsync(string name, int bytes)
    {
        string body = "{\"value\":1,\"metadata\":{\"name\":\"" + name + "\",\"annotations\":{\"tick\":\"" + new string('x', bytes) + "\"}}}";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _writer.PostAsync(new Uri(Objects, UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Changes the ticker; its annotation tells readers when this began, in stopwatch ticks.</summary>
    public async Task TickAsync()
    {
        string body = "{\"metadata\":{\"annotations\":{\"tick\":\"" + Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture) + "\"}}}";
        using var content = new StringContent(body, Encoding.UTF8, "application/merge-patch+json");
        using HttpResponseMessage response = await _writer.PatchAsync(new Uri(Objects + "/" + Ticker, UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    public void Dispose()
    {
        _writer.Dispose();
        _server.Dispose();
        Directory.Delete(_server.Data, recursive: true);
    }
}
