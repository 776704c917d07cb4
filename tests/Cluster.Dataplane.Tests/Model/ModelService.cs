using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>What the table says of one service: TCP, UDP and one-way UDP on one address. The whole of the model is <see cref="Expected"/>.</summary>
internal sealed class ModelService(string name, IPAddress address, ServicePath path, bool isAffine)
{
    /// <summary>Of TCP, and of UDP that is answered.</summary>
    public const int Port = 80;

    /// <summary>Of UDP that is not.</summary>
    public const int OneWayPort = 514;

    public string Name => name;

    /// <summary>Clients of one address keep their backend.</summary>
    public bool IsAffine => isAffine;

    public Dictionary<ModelPod, BackendHealth> Backends { get; } = [];

    /// <summary>The pods that may answer a new client: the ready ones; where there are none, those that are ending and serve still. None: refused.</summary>
    public HashSet<string> Expected
    {
        get
        {
            var ready = With(BackendHealth.Ready);
            return ready.Count > 0 ? ready : With(BackendHealth.Terminating);
        }
    }

    public IEnumerable<ServicePort> Ports =>
    [
        Make(name, ServiceProtocol.Tcp, Port, UdpMode.Session),
        Make(name, ServiceProtocol.Udp, Port, UdpMode.Session),
        Make(name + ":log", ServiceProtocol.Udp, OneWayPort, UdpMode.OneWay),
    ];

    public Backend[] ToBackends() => [.. Backends.Select(pair => new Backend(pair.Key.Uid, pair.Key.EndPoint) { Health = pair.Value })];

    public override string ToString() => $"{name}{(isAffine ? " (affine)" : "")} [{string.Join(" ", Backends.Select(pair => $"{pair.Key.Uid}@{pair.Key.Address}={pair.Value}"))}]";

    private ServicePort Make(string id, ServiceProtocol protocol, int port, UdpMode mode) => new(new ServicePortId(id, protocol), port)
    {
        VirtualAddresses = [address], Path = path, UdpMode = mode, AffinityTimeout = isAffine ? TimeSpan.FromHours(1) : TimeSpan.Zero,
    };

    private HashSet<string> With(BackendHealth health) => [.. Backends.Where(pair => pair.Value == health).Select(pair => pair.Key.Uid)];
}
