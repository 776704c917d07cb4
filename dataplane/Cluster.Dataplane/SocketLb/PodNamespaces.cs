using System.ComponentModel;
using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Finds the network namespaces of this node's pods and has them served: those with an address of the pod ranges.</summary>
/// <remarks>
/// Container runtimes keep a file for each namespace in a folder (Docker in /run/docker/netns, others in /run/netns), whoever asked them
/// for the container. A look at the names costs some microseconds a second, entering a new namespace once well under a millisecond. Until
/// one is found, its connections take the loops, and so does everything of containers that are no pods.
/// </remarks>
internal sealed class PodNamespaces(SocketLoadBalancer balancer, IReadOnlyList<string> folders, IReadOnlyList<IPNetwork> podRanges, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(1);

    /// <summary>A namespace is there before its address is: looked at so often, then taken for none of a pod.</summary>
    private const int MaxLooks = 30;

    private readonly HashSet<string> _served = [];
    private readonly Dictionary<string, int> _looks = [];

    /// <summary>Follows until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookPeriod, time);
        try
        {
            TryLook();
            balancer.RemoveLeftoverNamespaces();
            while (await timer.WaitForNextTickAsync(cancellationToken)) TryLook();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
    }

    private void TryLook()
    {
        try
        {
            Look();
        }
        catch (Exception exception)
        {
            // The top of the loop: a folder that can't be read, or a map that is full. The next look tries again, relays serve meanwhile.
            logger.LogWarning("Pods' network namespaces can't be followed: {Error}", exception.Message);
        }
    }

    /// <summary>One look.</summary>
    internal void Look()
    {
        var present = new HashSet<string>();
        foreach (var folder in folders)
            if (Directory.Exists(folder)) present.UnionWith(Directory.EnumerateFiles(folder));
        foreach (var gone in _served.Where(path => !present.Contains(path)).ToList())
        {
            balancer.RemoveNamespace(gone);
            _served.Remove(gone);
        }

        foreach (var gone in _looks.Keys.Where(path => !present.Contains(path)).ToList()) _looks.Remove(gone);
        foreach (var path in present.Where(path => !_served.Contains(path))) Examine(path);
    }

    private void Examine(string path)
    {
        var looks = _looks.GetValueOrDefault(path);
        if (looks >= MaxLooks) return;
        _looks[path] = looks + 1;
        try
        {
            var addresses = NetNamespaces.Run(path, NodeAddresses.Current);
            // The host's own namespace has a file there too, and the pods' addresses are not on it but on their bridge.
            if (!addresses.Any(address => podRanges.Any(range => range.Contains(address)))) return;
            balancer.AddNamespace(path);
            _served.Add(path);
            _looks.Remove(path);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            // A file is there a moment before the namespace is mounted on it, and may be gone again by now. What is short here says nothing of it.
            if (Shortage.Is(exception)) _looks[path] = looks;
            logger.LogDebug("{Path} can't be entered: {Error}", path, exception.Message);
        }
    }
}
