using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Errors on the data plane's own loop cost a retry, never a change of the table or the rest of the end.</summary>
public sealed class NodeDataplaneErrorTests
{
    [Fact]
    public async Task Publish_NodeAddressesCanNotBeListedMeanwhile_IsCarriedOutByTheRetry()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        const string address = "198.51.100.217";
        await using var backend = new TcpBackend(socket => socket.SendAllAsync("a"));
        var addresses = new FailingAddresses();
        await using var dataplane = Dataplane(addresses);
        await dataplane.StartAsync([], TestContext.Current.CancellationToken);
        // Handlers are called in their order: the data plane has noted the change by then.
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        NetworkAddressChangedEventHandler note = (_, _) => changed.TrySetResult();
        NetworkChange.NetworkAddressChanged += note;
        var nodePort = new ServicePort(new ServicePortId("ns/node", ServiceProtocol.Tcp), 80) { NodePort = FreePort.Tcp(), NodePortRanges = [IPNetwork.Parse(address + "/32")] };
        await SetAsync(dataplane, nodePort, backend);

        // The loop is held, so that both changes are taken together.
        var (entered, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        addresses.Allow = _ =>
        {
            entered.TrySetResult();
            return go.Task;
        };
        var held = SetAsync(dataplane, Port("held"), backend);
        await entered.Task;
        try
        {
            Shell.Run("ip", "addr", "add", address + "/32", "dev", "lo");
            await changed.Task;
            var failures = 0;
            addresses.Look = () =>
            {
                if (failures++ == 0) throw new NetworkInformationException(24);
            };
            var port = Port("late");
            var published = SetAsync(dataplane, port, backend);
            go.SetResult();
            await Task.WhenAll(held, published);
            await Eventually.True(() => AnswersAsync(new IPEndPoint(IPAddress.Loopback, port.Port)), "the service of that publication to answer");
            await Eventually.True(() => AnswersAsync(new IPEndPoint(IPAddress.Parse(address), nodePort.NodePort)), "the node port to answer at the new address");
            Assert.True(failures > 1);
        }
        finally
        {
            NetworkChange.NetworkAddressChanged -= note;
            Shell.Try("ip", "addr", "del", address + "/32", "dev", "lo");
        }
    }

    [Fact]
    public async Task Dispose_ErrorOfWhatItCutsShort_StillEndsTheRest()
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        var addresses = new FailingAddresses();
        var dataplane = Dataplane(addresses);
        await dataplane.StartAsync([], TestContext.Current.CancellationToken);
        var entered = new TaskCompletionSource();
        addresses.Allow = async stopping =>
        {
            entered.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, stopping).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            throw new InvalidOperationException("cut short");
        };
        var port = Port("web");
        var published = SetAsync(dataplane, port, backend);
        await entered.Task;
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, port.Port);
        await Eventually.True(() => dataplane.ActiveConnections == 1);

        await dataplane.DisposeAsync();
        await published;
        Assert.Equal(SocketError.ConnectionReset, await client.EndAsync());
        Assert.False(await AnswersAsync(new IPEndPoint(IPAddress.Loopback, port.Port)));
    }

    private static NodeDataplane Dataplane(FailingAddresses addresses) => new(
        new DataplaneOptions { RetryPeriod = TimeSpan.FromMilliseconds(200), Threads = 1 }, addresses, NullLoggerFactory.Instance, TimeProvider.System);

    private static ServicePort Port(string name) =>
        new(new ServicePortId("ns/" + name, ServiceProtocol.Tcp), FreePort.Tcp()) { VirtualAddresses = [IPAddress.Loopback] };

    private static Task SetAsync(NodeDataplane dataplane, ServicePort port, TcpBackend backend)
    {
        dataplane.Directory.Set(port, [new Backend("a", backend.EndPoint)]);
        return dataplane.Publish();
    }

    private static async Task<bool> AnswersAsync(IPEndPoint place)
    {
        try
        {
            using var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(place);
            return await socket.ReceiveTextToEndAsync() == "a";
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
