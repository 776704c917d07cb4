using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Registry;

/// <summary>The admission plug-ins in their order.</summary>
internal sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins)
{
    /// <summary>Each plug-in in turn; where a webhook changed the object, each once more.</summary>
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var (name, ns, uid) = request.Object?.Metadata is { } meta ? (meta.Name, meta.Namespace, meta.Uid) : ("", "", "");
        await AdmitOnceAsync(request, cancellationToken);
        if (request.WantsSecondRound)
        {
            request.Reinvocation.BeginSecondRound();
            await AdmitOnceAsync(request, cancellationToken);
        }

        // Permission was asked for this object: no other may come of it, whatever a webhook or a plug-in writes here.
        if (request.Object is { } obj)
            (obj.Metadata.Name, obj.Metadata.Namespace, obj.Metadata.Uid) = (name, ns, uid);
    }

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in plugins)
            await plugin.ValidateAsync(request, cancellationToken);
    }

    public async ValueTask ConnectAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in plugins)
            await plugin.ConnectAsync(request, cancellationToken);
    }

    private async ValueTask AdmitOnceAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in plugins)
            await plugin.AdmitAsync(request, cancellationToken);
    }
}
