using System.Net;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>The clients of one service address: those that stay, and new ones after each change.</summary>
internal sealed class ModelWatch(IPAddress address, ModelReceipts receipts, bool remembersAll) : IDisposable
{
    private readonly IPEndPoint _endPoint = new(address, ModelService.Port);
    private readonly IPEndPoint _oneWay = new(address, ModelService.OneWayPort);
    private readonly ModelAffinity _tcpAffinity = new(remembersAll);
    private readonly ModelAffinity _udpAffinity = new(remembersAll);
    private ModelClient? _tcp;
    private ModelClient? _udp;
    private ModelSender? _sender;
    private ModelService? _serviceMet;

    /// <summary>Asks by the sockets that were there before: what they meet wrongly, or null.</summary>
    /// <param name="service">What the table says of the address now; null: nothing.</param>
    /// <param name="restarted">Relayed connections and sessions ended with their process.</param>
    public async Task<string?> CheckOldAsync(ModelService? service, bool restarted)
    {
        if (restarted)
        {
            _tcpAffinity.Forget();
            _udpAffinity.Forget();
        }

        return await CheckConnectionAsync(service, restarted) ?? await CheckFlowAsync(service, restarted) ?? await CheckSenderAsync(_sender, service);
    }

    /// <summary>Asks by a number of new sockets of each protocol, of which the last ones stay.</summary>
    public async Task<string?> CheckNewAsync(ModelService? service, int clients)
    {
        var expected = service?.Expected ?? [];
        _serviceMet = service;
        for (var i = 0; i < clients; i++)
        {
            var wrong = await NewConnectionAsync(service, stays: i == clients - 1) ?? await NewFlowAsync(service, stays: i == clients - 1) ?? await NewSenderAsync(service, stays: i == clients - 1);
            if (wrong is not null) return wrong;
            // Silence takes its time to be heard: once is enough.
            if (expected.Count == 0) break;
        }

        return null;
    }

    public void Dispose()
    {
        _tcp?.Dispose();
        _udp?.Dispose();
        _sender?.Dispose();
    }

    private async Task<string?> NewConnectionAsync(ModelService? service, bool stays)
    {
        var tcp = await ModelClient.TcpAsync(_endPoint);
        if (_tcp is null && stays && tcp.Met is not null) _tcp = tcp;
        else tcp.Dispose();
        return Wrong("a new connection", tcp.Met, service) ?? _tcpAffinity.Wrong("a new connection", tcp.Met, service);
    }

    private async Task<string?> NewFlowAsync(ModelService? service, bool stays)
    {
        var udp = await ModelClient.UdpAsync(_endPoint, service?.Expected.Count > 0);
        if (_udp is null && stays) _udp = udp;
        else udp.Dispose();
        return Wrong("a new UDP client", udp.Met, service) ?? _udpAffinity.Wrong("a new UDP client", udp.Met, service);
    }

    private async Task<string?> NewSenderAsync(ModelService? service, bool stays)
    {
        var sender = new ModelSender(_oneWay, receipts);
        var wrong = await CheckSenderAsync(sender, service);
        if (_sender is null && stays) _sender = sender;
        else sender.Dispose();
        return wrong;
    }

    // Whom it is given is free to change with every datagram, among those that may have them.
    private static async Task<string?> CheckSenderAsync(ModelSender? sender, ModelService? service) =>
        sender is null ? null : Wrong("a one-way datagram", await sender.SendAsync(service?.Expected.Count > 0), service);

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
        if (Wrong($"the UDP client of {before ?? "nobody"}", met, service) is { } wrong) return wrong;
        var stays = !restarted && before is not null && service == _serviceMet && expected.Contains(before);
        return stays && met != before ? $"the UDP client of {before} met {met} of {service}" : null;
    }

    private static string? Wrong(string who, string? met, ModelService? service)
    {
        var expected = service?.Expected ?? [];
        return (met is null ? expected.Count == 0 : expected.Contains(met)) ? null : $"{who} met {met ?? "nobody"} of {service?.ToString() ?? "no service"}";
    }
}
