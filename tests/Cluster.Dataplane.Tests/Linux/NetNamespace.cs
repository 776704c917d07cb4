using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>A network namespace joined to the host by a veth pair, as a container is; its default route leads to the host.</summary>
internal sealed class NetNamespace : IDisposable
{
    private const int CLONE_NEWNET = 0x40000000;
    private readonly string _name;
    private readonly string _hostEnd;

    /// <param name="number">Tells namespaces of one machine apart; up to 999. The first 250 are 10.199.N.0/24, the next 10.200.N-250.0/24 and so on.</param>
    public NetNamespace(int number)
    {
        _name = $"cdt{Environment.ProcessId}n{number}";
        _hostEnd = $"cdv{Environment.ProcessId % 100_000}n{number}";
        HostAddress = IPAddress.Parse($"10.{199 + (number / 250)}.{number % 250}.1");
        Address = IPAddress.Parse($"10.{199 + (number / 250)}.{number % 250}.2");
        HostAddress6 = IPAddress.Parse($"fd00:199:{number}::1");
        Address6 = IPAddress.Parse($"fd00:199:{number}::2");
        Shell.Run("ip", "netns", "add", _name);
        Shell.Run("ip", "link", "add", _hostEnd, "type", "veth", "peer", "name", "eth0", "netns", _name);
        Shell.Run("ip", "addr", "add", $"{HostAddress}/24", "dev", _hostEnd);
        Shell.Run("ip", "-6", "addr", "add", $"fd00:199:{number}::1/64", "dev", _hostEnd, "nodad");
        Shell.Run("ip", "link", "set", _hostEnd, "up");
        Inside("addr", "add", $"{Address}/24", "dev", "eth0");
        Inside("-6", "addr", "add", $"fd00:199:{number}::2/64", "dev", "eth0", "nodad");
        Inside("link", "set", "lo", "up");
        Inside("link", "set", "eth0", "up");
        Inside("route", "add", "default", "via", HostAddress.ToString());
        Inside("-6", "route", "add", "default", "via", $"fd00:199:{number}::1");
    }

    public IPAddress HostAddress { get; }

    public IPAddress Address { get; }

    public IPAddress HostAddress6 { get; }

    public IPAddress Address6 { get; }

    /// <summary>The name of the host's end of the pair.</summary>
    public string HostEnd => _hostEnd;

    /// <summary>The namespace's file.</summary>
    public string Path => $"/run/netns/{_name}";

    /// <summary>A socket that lives in the namespace, usable from any thread: the kernel notes where a socket is made.</summary>
    public Socket Socket(AddressFamily family, SocketType type, ProtocolType protocol)
    {
        Socket? made = null;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var ns = File.OpenHandle(Path);
                if (setns(ns.DangerousGetHandle().ToInt32(), CLONE_NEWNET) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
                made = new Socket(family, type, protocol);
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        });
        // The thread changes its own namespace only, and ends with it.
        thread.Start();
        thread.Join();
        return made ?? throw new InvalidOperationException("no socket in the namespace", failure);
    }

    /// <summary>Sets the largest frame between host and namespace, in bytes.</summary>
    public void SetFrame(int bytes)
    {
        Shell.Run("ip", "link", "set", _hostEnd, "mtu", bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Inside("link", "set", "eth0", "mtu", bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Throws away every packet that comes into the namespace, so that nobody there is heard of any more; or lets them in again.</summary>
    public void SetSilent(bool silent) => Shell.Run(
        "nsenter", $"--net={Path}", "nft", silent ? "table inet silence { chain input { type filter hook input priority filter; policy drop; }; }" : "delete table inet silence");

    public void Dispose()
    {
        Shell.Try("ip", "link", "del", _hostEnd);
        Shell.Try("ip", "netns", "del", _name);
    }

    private void Inside(params string[] arguments) => Shell.Run("ip", ["-n", _name, .. arguments]);

    [DllImport("libc", SetLastError = true)]
    private static extern int setns(int descriptor, int type);
}
