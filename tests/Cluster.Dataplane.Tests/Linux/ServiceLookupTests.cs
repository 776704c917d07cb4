using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.SocketLookup;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>What the program that selects sockets does by itself, on addresses that are local anyway.</summary>
public sealed class ServiceLookupTests
{
    [Fact]
    public async Task Udp_ReceiverIsGoneAsAfterACrash_RefusesThoughAHostListensEverywhere()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var everywhere = new UdpBackend("host", IPAddress.Any);
        var address = IPAddress.Parse("127.198.8.1");
        var place = new Place(address, everywhere.EndPoint.Port, ServiceProtocol.Udp);
        var lookup = Start();
        try
        {
            int receiver = DatagramCalls.OpenSteered(AddressFamily.InterNetwork, 0);
            lookup.SetReceiver(AddressFamily.InterNetwork, receiver);
            lookup.ChangeRanges([IPNetwork.Parse("127.198.8.0/24")], []);
            lookup.Add(place);
            lookup.Allow([place], []);
            using var client = UdpRelayRig.Connect(new IPEndPoint(address, place.Port));
            client.Send("x"u8);
            var buffer = new byte[10];
            await Eventually.True(() => SocketCalls.Receive(receiver, buffer) == 1, "the datagram to reach the receiver");

            // The kernel closes what a killed process had open; the program and the place that is allowed stay.
            SocketCalls.Close(receiver);
            var refused = await Assert.ThrowsAsync<SocketException>(() => UdpRelayRig.AskAsync(client, "x"));
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        }
        finally
        {
            lookup.Dispose();
            ServiceLookup.Remove(Folder);
        }
    }

    private static string Folder { get; } = Path.Combine(Path.GetTempPath(), $"cluster-test-{Environment.ProcessId}-lookup");

    private static ServiceLookup Start()
    {
        try
        {
            return ServiceLookup.Start(Folder, null, []);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"BPF is not available here: {exception.Message}");
            throw;
        }
    }
}
