using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Cluster.Client;
using Cluster.Dataplane.Handover;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Serving;

/// <summary>
/// The health check node ports of services with externalTrafficPolicy Local: they tell load balancers whether this node has endpoints
/// of a service, so that traffic comes only where it is served. Kubernetes' own answers.
/// </summary>
/// <remarks>Changed by one caller; answered on the servers' own tasks.</remarks>
internal sealed class HealthCheckNodePorts(Func<bool> isHealthy, ILogger logger, Succession? succession = null) : IAsyncDisposable
{
    private static readonly IPAddress Everywhere = Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;

    private readonly Dictionary<ObjectKey, Server> _servers = [];

    /// <summary>Serves a service's health on a port, or with port 0 no longer.</summary>
    /// <returns>Why it can't be served, otherwise null.</returns>
    public async Task<string?> SetAsync(ObjectKey service, int port, int localEndpoints)
    {
        if (_servers.TryGetValue(service, out var server) && server.Port != port)
        {
            _servers.Remove(service);
            await server.Responder.DisposeAsync();
            server = null;
        }

        if (server is null) return port == 0 ? null : Open(service, port, localEndpoints);
        server.LocalEndpoints = localEndpoints;
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values) await server.Responder.DisposeAsync();
        _servers.Clear();
    }

    private string? Open(ObjectKey service, int port, int localEndpoints)
    {
        var server = new Server(port) { LocalEndpoints = localEndpoints };
        try
        {
            server.Responder = new HttpResponder(new IPEndPoint(Everywhere, port), _ => Answer(service, server.LocalEndpoints), logger, succession);
        }
        catch (SocketException exception)
        {
            return exception.Message;
        }

        _servers.Add(service, server);
        return null;
    }

    private HttpResponse Answer(ObjectKey service, int localEndpoints)
    {
        var healthy = isHealthy();
        var body = $$"""
            {
            	"service": {
            		"namespace": "{{JsonEncodedText.Encode(service.Namespace ?? "")}}",
            		"name": "{{JsonEncodedText.Encode(service.Name)}}"
            	},
            	"localEndpoints": {{localEndpoints}},
            	"serviceProxyHealthy": {{(healthy ? "true" : "false")}}
            }

            """;
        return new HttpResponse(localEndpoints > 0 && healthy ? 200 : 503, "application/json", body)
        {
            Headers = string.Create(CultureInfo.InvariantCulture, $"X-Content-Type-Options: nosniff\r\nX-Load-Balancing-Endpoint-Weight: {localEndpoints}\r\n"),
        };
    }

    private sealed class Server(int port)
    {
        private volatile int _localEndpoints;

        public int Port => port;

        public HttpResponder Responder { get; set; } = null!;

        public int LocalEndpoints
        {
            get => _localEndpoints;
            set => _localEndpoints = value;
        }
    }
}
