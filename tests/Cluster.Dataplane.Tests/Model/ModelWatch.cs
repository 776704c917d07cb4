using System.Net;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>The clients of one service address: those that stay, and new ones after each change.</summary>
internal sealed class ModelWatch(IPEndPoint endPoint) : IDisposable
{
    private ModelClient? _tcp;
    private ModelClient? _udp;
    private ModelService? _serviceMet;

    /// <summary>Asks by the sockets that were there before: what they meet wrongly, or null.</summary>
    /// <param name="service">What the table says of the address now; null: nothing.</param>
    /// <param name="restarted">Relayed connections and sessions ended with their process.</param>
    public async Task<string?> CheckOldAsync(ModelService? service, bool restarted) =>
        await CheckConnectionAsync(service, restarted) ?? await CheckFlowAsync(service, restarted);

    /// <summary>Asks by a number of new sockets of each protocol, of which the last ones stay.</summary>
    public async Task<string?> CheckNewAsync(ModelService? service, int clients)
    {
        var expected = service?.Expected ?? [];
        _serviceMet = service;
        for (var i = 0; i < clients; i++)
        {
            var tcp = await ModelClient.TcpAsync(endPoint);
            if (Wrong("a new connection", tcp.Met, expected, service) is { } wrong) return wrong;
            if (_tcp is null && i == clients - 1 && tcp.Met is not null) _tcp = tcp;
            else tcp.Dispose();
            var udp = await ModelClient.UdpAsync(endPoint, expected.Count > 0);
            if (Wrong("a new UDP client", udp.Met, expected, service) is { } alsoWrong) return alsoWrong;
            if (_udp is null && i == clients - 1) _udp = udp;
            else udp.Dispose();
            // Silence takes its time to be heard: once is enough.
            if (expected.Count == 0) break;
        }

        return null;
    }

    public void Dispose()
    {
        _tcp?.Dispose();
        _udp?.Dispose();
    }

    // A connection stays with its pod as long as the table knows that, whatever its health: draining.
    private async Task<string?> CheckConnectionAsync(ModelService? service, bool restarted)
    {
        if (_tcp is not { } client) return null;
        var before = client.Met;
        if (!restarted && service is not null && service == _serviceMet && service.Backends.Keys.Any(pod => pod.Uid == before))
        {
            var met = await client.AskTcpAsync();
            return met == before ? null : $"the connection to {before} met {met ?? "its end"} of {service}";
        }

        client.Dispose();
        _tcp = null;
        return null;
    }

    // A flow stays with its pod as long as that may answer; then it goes to another that may, never to who inherited an address.
    private async Task<string?> CheckFlowAsync(ModelService? service, bool restarted)
    {
        if (_udp is not { } client) return null;
        var expected = service?.Expected ?? [];
        var before = client.Met;
        var met = await client.AskUdpAsync(expected.Count > 0);
        if (Wrong($"the UDP client of {before ?? "nobody"}", met, expected, service) is { } wrong) return wrong;
        var stays = !restarted && before is not null && service == _serviceMet && expected.Contains(before);
        return stays && met != before ? $"the UDP client of {before} met {met} of {service}" : null;
    }

    private static string? Wrong(string who, string? met, HashSet<string> expected, ModelService? service) =>
        (met is null ? expected.Count == 0 : expected.Contains(met)) ? null : $"{who} met {met ?? "nobody"} of {service?.ToString() ?? "no service"}";
}
