using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.ServiceAccounts;

public sealed class ServiceAccountControllersTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Both_EachNamespace_GetsWhatItNeedsAndGetsItBack()
    {
        _rig.Api.Seed(Make.Namespace("default"));
        _rig.Start(new ControllerManagerOptions { Controllers = ["serviceaccount", "root-ca-cert-publisher"], RootCa = "PEM" });
        await _rig.UntilAsync(() => Has("default"));

        _rig.Api.Seed(Make.Namespace("work"));
        await _rig.UntilAsync(() => Has("work"));
        _rig.Api.Remove<ServiceAccount>("work", "default");
        _rig.Api.Change<ConfigMap>("work", "kube-root-ca.crt", map => map.Data["ca.crt"] = "forged");

        await _rig.UntilAsync(() => Has("work"));
    }

    [Fact]
    public async Task Both_RefusedForAnotherReason_TryAgain()
    {
        var refusals = 4;
        _rig.Api.Fault = request => request.Verb == "create" && Interlocked.Decrement(ref refusals) >= 0
            ? StatusErrors.Forbidden(request.Type, request.Name, "status unknown for quota: all") : null;
        _rig.Api.Seed(Make.Namespace("default"));
        _rig.Start(new ControllerManagerOptions { Controllers = ["serviceaccount", "root-ca-cert-publisher"], RootCa = "PEM" });

        await _rig.UntilAsync(() => Has("default"));
    }

    private bool Has(string ns) =>
        _rig.Api.Find<ServiceAccount>(ns, "default") is not null
        && _rig.Api.Find<ConfigMap>(ns, "kube-root-ca.crt")?.Data["ca.crt"] == "PEM";
}
