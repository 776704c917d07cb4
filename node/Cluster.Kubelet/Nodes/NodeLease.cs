using Cluster.Api;
using Cluster.Api.CoordinationV1;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.Nodes;

/// <summary>The heartbeat: a Lease in kube-node-lease, renewed each period.</summary>
internal sealed class NodeLease(IApiClient client, KubeletOptions options, TimeProvider time, ILogger logger)
{
    private const string Namespace = "kube-node-lease";
    private Lease? held;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                held = held is null ? await AcquireAsync(cancellationToken) : await client.UpdateAsync(Renewed(held), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Top of the loop: read it anew next time, whatever was wrong.
                held = null;
                logger.LogWarning("Renewing the lease of node {Node} failed: {Message}", options.NodeName, exception.Message);
                await time.DelayQuietly(TimeSpan.FromSeconds(1), cancellationToken);
                continue;
            }

            await time.DelayQuietly(options.LeaseRenewPeriod, cancellationToken);
        }
    }

    private async Task<Lease> AcquireAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await client.GetAsync<Lease>(Namespace, options.NodeName, cancellationToken);
            return await client.UpdateAsync(Renewed(found), cancellationToken);
        }
        catch (StatusException exception) when (exception.IsNotFound)
        {
            var lease = new Lease { Metadata = new() { Name = options.NodeName, Namespace = Namespace }, Spec = new() };
            return await client.CreateAsync(Renewed(lease), cancellationToken);
        }
    }

    private Lease Renewed(Lease lease)
    {
        var renewed = lease.Clone();
        renewed.Spec ??= new LeaseSpec();
        renewed.Spec.HolderIdentity = options.NodeName;
        renewed.Spec.LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds;
        renewed.Spec.RenewTime = time.GetUtcNow().ToMicroTime();
        return renewed;
    }
}
