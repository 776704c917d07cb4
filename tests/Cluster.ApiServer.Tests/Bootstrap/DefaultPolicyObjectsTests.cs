using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Api.RbacV1;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Bootstrap;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Tests.Registry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Bootstrap;

public sealed class DefaultPolicyObjectsTests
{
    private const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ensure_OneThatCannotBeMade_MakesTheOthers()
    {
        await using var rig = await RegistryRig.StartAsync();
        await using var host = await RegistryHost.StartAsync(
            rig.Store, new RegistryOptions(), (_, _) => [new Refusal("edit")], _ => [], [], NullLoggerFactory.Instance, TimeProvider.System, Cancel);

        await new DefaultPolicyObjects(host.Registry, NullLogger.Instance).EnsureAsync(Cancel);

        Assert.NotEmpty((await rig.GetAsync<ClusterRole>("system:node")).Rules);
        var missing = await Assert.ThrowsAsync<StatusException>(async () => await rig.GetAsync<ClusterRole>("edit"));
        Assert.True(missing.IsNotFound);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public async Task Ensure_OneThatIsThere_IsCompletedUnlessItSaysNo(string? autoUpdate, bool completed)
    {
        await using var rig = await RegistryRig.StartAsync();
        var role = new ClusterRole { Metadata = new ObjectMeta { Name = "system:node" } };
        if (autoUpdate is not null)
            role.Metadata.Annotations[AutoUpdate] = autoUpdate;
        await rig.Registry.CreateAsync(RegistryRig.Scope<ClusterRole>(ns: null), role, Cancel);

        await using var again = await RegistryRig.HostOn(rig.Store);

        await new DefaultPolicyObjects(again.Registry, NullLogger.Instance).EnsureAsync(Cancel);

        Assert.Equal(completed, (await rig.GetAsync<ClusterRole>("system:node")).Rules.Count > 0);
    }

    private sealed class Refusal(string name) : IAdmissionPlugin
    {
        public string Name => "Refusal";

        public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken) => request.Object?.Metadata.Name == name
            ? throw StatusErrors.Forbidden(request.Scope.Resource, name, "exceeded quota")
            : ValueTask.CompletedTask;
    }
}
