using Cluster.ApiServer.Admission;

namespace Cluster.ApiServer.Registry;

/// <summary>The admission plug-ins in their order.</summary>
internal sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins)
{
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (var plugin in plugins)
            await plugin.AdmitAsync(request, cancellationToken);
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
}
