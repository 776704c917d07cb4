using System.Net;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Registry;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Registry;

/// <summary>Events go by themselves after a while, and nothing else does.</summary>
public sealed class EventExpiryTests : IAsyncLifetime
{
    private RegistryRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await RegistryRig.StartAsync(options: new RegistryOptions
    {
        Advertise = new IPEndPoint(IPAddress.Parse("192.0.2.10"), 6443), EventTimeToLive = TimeSpan.FromSeconds(2),
    });

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Create_AnEvent_IsGoneAfterItsTime()
    {
        await _rig.CreateAsync(new Event
        {
            Metadata = new ObjectMeta { Name = "seen", Namespace = "default" }, InvolvedObject = new ObjectReference { Kind = "Pod", Namespace = "default", Name = "web" },
            Reason = "Seen", Message = "it was seen", Type = "Normal",
        });
        await _rig.CreateAsync(RegistryRig.ConfigMap("stays"));
        Assert.Equal("Seen", (await _rig.GetAsync<Event>("seen")).Reason);

        await Eventually.True(async () =>
        {
            try
            {
                await _rig.GetAsync<Event>("seen");
                return false;
            }
            catch (StatusException gone) when (gone.IsNotFound)
            {
                return true;
            }
        });
        Assert.Equal("stays", (await _rig.GetAsync<ConfigMap>("stays")).Metadata.Name);
    }
}
