using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests;

/// <summary>Short forms for what most tests need.</summary>
internal static class Make
{
    public static Backend Backend(int number, BackendHealth health = BackendHealth.Ready, bool local = false, string? uid = null) =>
        new(uid ?? $"pod-{number}", new IPEndPoint(IPAddress.Parse($"10.1.{number >> 8}.{number & 255}"), 8080)) { Health = health, IsLocal = local };

    public static Backend[] Backends(int count) => [.. Enumerable.Range(1, count).Select(number => Backend(number))];

    public static ServicePort Port(string name, ServiceProtocol protocol = ServiceProtocol.Tcp, int port = 80) =>
        new(new ServicePortId(name, protocol), port) { VirtualAddresses = [IPAddress.Parse("10.197.0.1")] };

    /// <summary>Publishes one service port and returns its entry.</summary>
    public static ServiceEntry Publish(this ServiceDirectory directory, ServicePort port, params Backend[] backends)
    {
        directory.Set(port, backends);
        directory.Publish();
        return directory.Find(port.Id)!;
    }
}
