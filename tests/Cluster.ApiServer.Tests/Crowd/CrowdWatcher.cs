using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Tests.Crowd;

/// <summary>One client's watch over a real connection: open from the start, read when the test says so.</summary>
internal sealed class CrowdWatcher : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private CrowdWatcher(HttpResponseMessage response, Stream body)
    {
        _response = response;
        _lines = new StreamReader(body);
    }

    public static async Task<CrowdWatcher> OpenAsync(HttpClient client, string query)
    {
        var response = await client.GetAsync(new Uri(query, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        return new CrowdWatcher(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The values of an annotation, of the next events.</summary>
    public async Task<List<string>> ReadAsync(int count, string annotation)
    {
        List<string> values = [];
        while (values.Count < count)
        {
            var change = JsonNode.Parse(await _lines.ReadLineAsync() ?? throw new EndOfStreamException($"ended after {values.Count} events"))!;
            values.Add((string?)change["object"]!["metadata"]!["annotations"]?[annotation] ?? change.ToJsonString());
        }

        return values;
    }

    /// <summary>Reads on to the end; the last event, or null where the stream was cut.</summary>
    public async Task<JsonNode?> ReadToEndAsync()
    {
        var last = "";
        try
        {
            while (await _lines.ReadLineAsync() is { } line)
                last = line;
            return JsonNode.Parse(last);
        }
        catch (IOException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}
