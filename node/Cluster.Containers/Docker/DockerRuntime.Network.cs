using System.Net;
using Cluster.Containers.Network;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging;

namespace Cluster.Containers.Docker;

public sealed partial class DockerRuntime
{
    // Together some 15 s, in which an engine that is busy ends what it has begun.
    private const int RemovalAttempts = 60;
    private static readonly TimeSpan RemovalPause = TimeSpan.FromMilliseconds(250);

    public async Task EnsureNetworkAsync(string podCidr, CancellationToken cancellationToken)
    {
        var subnet = IPNetwork.Parse(podCidr);
        var found = await FindNetworkAsync(cancellationToken);
        if (found is not null && !HasSubnet(found, subnet))
        {
            await DeleteNetworkAsync(found, subnet, cancellationToken);
            found = null;
        }

        if (found is null) await CreateNetworkAsync(subnet, cancellationToken);
        await network.EnsureAsync(subnet, cancellationToken);
    }

    public async Task RemoveNetworkAsync(CancellationToken cancellationToken)
    {
        var removal = new Removal();
        await removal.TryAsync(() => network.RemoveAsync(cancellationToken));
        await removal.TryAsync(() => RemoveEngineNetworkAsync(cancellationToken));
        removal.ThrowIfFailed("the pod network");
    }

    private async Task RemoveEngineNetworkAsync(CancellationToken cancellationToken)
    {
        for (var left = RemovalAttempts; await FindNetworkAsync(cancellationToken) is { } found; left--)
        {
            try
            {
                await calls.RunAsync("network", token => client.Networks.DeleteNetworkAsync(found.ID, token), cancellationToken);
            }
            catch (RuntimeException exception) when (left > 0 && IsInUse(exception))
            {
                // Of containers that are gone, or are being removed by somebody else: the engine lets go of them a moment later.
                await Task.Delay(RemovalPause, cancellationToken);
            }
        }
    }

    private async Task<NetworkResponse?> FindNetworkAsync(CancellationToken cancellationToken)
    {
        var name = options.Network.Name;
        var parameters = new NetworksListParameters
        {
            Filters = new Dictionary<string, IDictionary<string, bool>> { ["name"] = Set(name) },
        };
        var found = await reads.RunAsync("networks", token => client.Networks.ListNetworksAsync(parameters, token), cancellationToken);

        // The engine's name filter matches parts of names.
        return found.FirstOrDefault(candidate => candidate.Name == name);
    }

    private async Task CreateNetworkAsync(IPNetwork subnet, CancellationToken cancellationToken)
    {
        if (RouteTable.Read().FindOverlap(subnet, options.Network.Bridge) is { } taken)
        {
            throw new RuntimeException(
                RuntimeFailure.Conflict,
                $"the pod range {subnet} overlaps the route {taken} of this machine: choose another cluster range");
        }

        var parameters = new NetworksCreateParameters
        {
            Name = options.Network.Name,
            Driver = "bridge",
            IPAM = new IPAM { Config = [new IPAMConfig { Subnet = subnet.ToString() }] },
            Labels = new Dictionary<string, string> { [ContainerLabels.Instance] = options.Instance },
            Options = new Dictionary<string, string>
            {
                ["com.docker.network.bridge.name"] = options.Network.Bridge,
                ["com.docker.network.bridge.enable_ip_masquerade"] = "false",
            },
        };
        await calls.RunAsync("network", token => client.Networks.CreateNetworkAsync(parameters, token), cancellationToken);
        logger.LogInformation("Created the pod network {Network} with {Subnet}", options.Network.Name, subnet);
    }

    /// <summary>A network of an earlier range goes, unless containers still use it.</summary>
    private async Task DeleteNetworkAsync(NetworkResponse found, IPNetwork wanted, CancellationToken cancellationToken)
    {
        try
        {
            await calls.RunAsync("network", token => client.Networks.DeleteNetworkAsync(found.ID, token), cancellationToken);
        }
        catch (RuntimeException exception) when (IsInUse(exception))
        {
            throw new RuntimeException(
                RuntimeFailure.Conflict,
                $"the pod network {found.Name} has another range than {wanted} and containers in use: {exception.Message}", exception);
        }
    }

    // What the engine's API answers for a network with endpoints, and for none else of ours (it has more of them, which nobody may delete).
    private static bool IsInUse(RuntimeException exception) => exception.InnerException is DockerApiException { StatusCode: HttpStatusCode.Forbidden };

    private static bool HasSubnet(NetworkResponse found, IPNetwork subnet) =>
        found.IPAM?.Config?.Any(config => IPNetwork.TryParse(config.Subnet, out var has) && has.Equals(subnet)) == true;
}
