using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>A relay where few local ports are to be had: in a network namespace of its own, in which this assembly runs once more.</summary>
public sealed class LocalPortsTests
{
    private const string Variable = "CLUSTER_TEST_LOCAL_PORTS";

    /// <summary>The relay's dials have these; its clients bring ports of their own.</summary>
    private const string Range = "50000 50009";
    private const int FirstClientPort = 30_000;
    private const int MostClients = 12;

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public void Relay_LocalPortsUsedUp_BlamesNobodyAndGoesToTheNext(TcpPath path) => RunAgain(path, nameof(UseUp));

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public void Relay_DeadBackendWithAPortThatDialsMayGet_AnswersNobody(TcpPath path) => RunAgain(path, nameof(MeetItself));

    private static void RunAgain(TcpPath path, string method)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        var assembly = typeof(LocalPortsTests).Assembly.Location;
        var run = $"exec timeout 300 dotnet '{assembly}' -method {typeof(LocalPortsTests).FullName}.{method} -explicit only";
        var (exitCode, output) = Shell.Try(
            "unshare", "--net", "sh", "-c", $"ip link set lo up && echo {Range} > /proc/sys/net/ipv4/ip_local_port_range && export {Variable}={path} && {run}");
        Assert.True(exitCode == 0 && output.Contains("Total: 1,", StringComparison.Ordinal), output);
    }

    [Fact(Explicit = true)]
    public async Task UseUp()
    {
        var path = Enum.Parse<TcpPath>(Environment.GetEnvironmentVariable(Variable)!);
        await using var full = new TcpBackend(TcpBackend.EchoAsync, port: 8080);
        await using var next = new TcpBackend(TcpBackend.EchoAsync, port: 8081);
        await using var rig = new TcpRelayRig(path, null, full.EndPoint);
        var traffic = rig.Directory.Current.Entries.Single().State.Traffic;
        var clients = new List<Socket>();
        var end = SocketError.Success;
        while (clients.Count < MostClients && end == SocketError.Success)
        {
            try
            {
                var client = await ConnectAsync(rig.EndPoint, FirstClientPort + clients.Count);
                clients.Add(client);
                var heard = clients.Count;
                await Eventually.True(() => full.Accepted == heard || traffic.Drops(DropReason.Exhausted) > 0);
                if (full.Accepted < heard) end = await client.EndAsync();
            }
            catch (SocketException refused)
            {
                // Reset before it was known to be connected.
                end = refused.SocketErrorCode;
            }
        }

        Assert.Equal((SocketError.ConnectionReset, 1), (end, traffic.Drops(DropReason.Exhausted)));
        Assert.InRange(full.Accepted, 1, MostClients - 1);

        rig.SetBackends(full.EndPoint, next.EndPoint);
        for (var i = 0; i < 4; i++)
        {
            using var client = await ConnectAsync(rig.EndPoint, FirstClientPort + MostClients + i);
            await client.SendAllAsync("x");
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("x", await client.ReceiveTextToEndAsync());
        }

        Assert.Equal(4, next.Accepted);
        foreach (var backend in rig.Directory.Current.Entries.Single().Backends) Assert.Equal((0, false), (backend.State.Failures, backend.State.IsBoxed));
        foreach (var client in clients) client.Dispose();
    }

    [Fact(Explicit = true)]
    public async Task MeetItself()
    {
        var path = Enum.Parse<TcpPath>(Environment.GetEnvironmentVariable(Variable)!);
        // One dial in five or ten would get just this port.
        await using var rig = new TcpRelayRig(path, null, new IPEndPoint(IPAddress.Loopback, 50_002));
        for (var i = 0; i < 60; i++)
        {
            var end = SocketError.ConnectionReset;
            try
            {
                using var client = await ConnectAsync(rig.EndPoint, FirstClientPort + i);
                await client.SendAllAsync("x");
                end = await client.EndAsync();
            }
            catch (SocketException refused)
            {
                end = refused.SocketErrorCode;
            }

            Assert.True(end is SocketError.ConnectionReset or SocketError.Shutdown, $"{end}");
        }

        Assert.True(rig.Directory.Current.Entries.Single().Backends[0].State.IsBoxed);
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint relay, int port)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(IPAddress.Loopback, port));
        await client.ConnectAsync(relay);
        return client;
    }
}
