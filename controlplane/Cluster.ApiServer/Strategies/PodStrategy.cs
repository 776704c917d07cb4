using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Storage;

namespace Cluster.ApiServer.Strategies;

/// <summary>Pods begin Pending, end gracefully, and count on their node's ledger.</summary>
internal sealed class PodStrategy : ResourceStrategy, IClaimant
{
    private const long DefaultGraceSeconds = 30;

    public PodStrategy(ResourceType type)
        : base(type) => ReturnsDeletedObject = true;

    public override IClaimant Claimant => this;

    /// <inheritdoc/>
    public bool FillsIn => false;

    public override void PrepareForCreate(IApiObject obj)
    {
        var pod = (Pod)obj;
        pod.Status = new PodStatus { Phase = "Pending", QosClass = Pods.QosClass(pod.Spec ?? new PodSpec()) };
    }

    public override void PrepareForStatusUpdate(IApiObject obj, IApiObject old)
    {
        base.PrepareForStatusUpdate(obj, old);
        // It follows from the spec; a node that leaves it out does not mean to change it.
        if (((Pod)obj).Status is not { } status)
            return;

        status.QosClass = ((Pod)old).Status?.QosClass ?? "";
        AgreeOnAddresses(status);
    }

    /// <summary>podIP is podIPs[0] for readers of either; where they differ, podIP is what its writer knew.</summary>
    private static void AgreeOnAddresses(PodStatus status)
    {
        if (status.PodIP.Length == 0)
        {
            status.PodIP = status.PodIPs.FirstOrDefault()?.Ip ?? "";
        }
        else if (status.PodIPs.FirstOrDefault()?.Ip != status.PodIP)
        {
            status.PodIPs.Clear();
            status.PodIPs.Add(new PodIP { Ip = status.PodIP });
        }
    }

    /// <summary>The ephemeralcontainers subresource: those alone.</summary>
    public override void PrepareForPart(string subresource, IApiObject obj, IApiObject old)
    {
        var (pod, before) = ((Pod)obj, (Pod)old);
        var debug = pod.Spec?.EphemeralContainers.Clone() ?? [];
        pod.Spec = before.Spec?.Clone() ?? new PodSpec();
        pod.Spec.EphemeralContainers.Clear();
        pod.Spec.EphemeralContainers.Add(debug);
        pod.Status = before.Status?.Clone();
    }

    /// <summary>Unscheduled and finished pods have nothing to shut down, so nothing to wait for.</summary>
    public override long? GracePeriod(IApiObject obj, DeleteOptions options)
    {
        var pod = (Pod)obj;
        if (!pod.IsScheduled() || pod.IsTerminal())
            return 0;

        var seconds = options.HasGracePeriodSeconds ? options.GracePeriodSeconds
            : pod.Spec.HasTerminationGracePeriodSeconds ? pod.Spec.TerminationGracePeriodSeconds : DefaultGraceSeconds;
        return seconds < 0 ? 1 : seconds;
    }

    /// <inheritdoc/>
    public ClaimPlan Plan(IApiObject obj, IApiObject? old, IReadOnlySet<string> taken)
    {
        var pod = (Pod)obj;
        // A pod created on a node (static pods, daemons) must be seen by a binding that is just summing the node's pods.
        return old is null && pod.IsScheduled()
            ? new ClaimPlan([new StoreOp(Claims.Ledger(pod.Spec.NodeName), Claims.ValueOf(pod))], [])
            : ClaimPlan.None;
    }

    /// <inheritdoc/>
    public IEnumerable<string> ClaimsOf(IApiObject obj) => [];
}
