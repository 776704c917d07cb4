using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>What the table says of one service, TCP and UDP on one address; the whole of the model is <see cref="Expected"/>.</summary>
internal sealed class ModelService(string name, IPAddress address, ServicePath path)
{
    private const int Port = 80;

    public string Name => name;

    public IPEndPoint EndPoint => new(address, Port);

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

    public ServicePort PortOf(ServiceProtocol protocol) => new(IdOf(protocol), Port) { VirtualAddresses = [address], Path = path };

    public ServicePortId IdOf(ServiceProtocol protocol) => new(name, protocol);

    public Backend[] ToBackends() => [.. Backends.Select(pair => new Backend(pair.Key.Uid, pair.Key.EndPoint) { Health = pair.Value })];

    public override string ToString() => $"{name} [{string.Join(" ", Backends.Select(pair => $"{pair.Key.Uid}@{pair.Key.Address}={pair.Value}"))}]";

    private HashSet<string> With(BackendHealth health) => [.. Backends.Where(pair => pair.Value == health).Select(pair => pair.Key.Uid)];
}
