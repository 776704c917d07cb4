using System.Formats.Tar;
using Cluster.Containers.Docker;
using Cluster.Containers.Network;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Containers.Tests;

/// <summary>
/// The real Docker engine, seen through an instance label, a network and rules of this rig's own, with a busybox image made
/// here. Disposal removes all of it. Needs root, a running engine and Debian's busybox-static.
/// </summary>
public sealed class DockerRig : IAsyncLifetime
{
    private const string Busybox = "/bin/busybox";
    private static int next = Random.Shared.Next(256);

    public DockerRig()
    {
        var number = Interlocked.Increment(ref next) % 256;
        Name = $"clt{Environment.ProcessId % 100000}x{number}";
        PodCidr = $"10.213.{number}.0/24";
        Image = $"cluster.local/{Name}-busybox:1";
        Options = new DockerRuntimeOptions
        {
            Instance = Name,
            Network = new NodeNetworkOptions { Name = Name, Bridge = Name, Table = Name, ClusterRanges = ["10.213.0.0/16", "10.96.0.0/16"] },
        };
        Runtime = new DockerRuntime(Options, NullLoggerFactory.Instance);
    }

    public string Name { get; }

    public string PodCidr { get; }

    /// <summary>An image with busybox and its applets under /bin.</summary>
    public string Image { get; }

    public DockerRuntimeOptions Options { get; }

    public DockerRuntime Runtime { get; }

    /// <summary>Why the tests can't run here; null when they can.</summary>
    public static string? Missing { get; } =
        !File.Exists("/var/run/docker.sock") ? "no Docker engine runs here (apt-get install docker.io)"
        : !File.Exists(Busybox) ? "no static busybox here (apt-get install busybox-static)"
        : !Environment.IsPrivilegedProcess ? "the pod network needs root"
        : null;

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null) return;
        await using var archive = await BusyboxArchiveAsync();
        await Runtime.ImportImageAsync(Image, archive, ["ENV PATH=/bin", "CMD [\"/bin/sleep\", \"86400\"]"], CancellationToken.None);
        await Runtime.EnsureNetworkAsync(PodCidr, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (Missing is null)
        {
            await Runtime.RemoveAllAsync(CancellationToken.None);
            await Runtime.RemoveNetworkAsync(CancellationToken.None);
            if (await Runtime.FindImageAsync(Image, CancellationToken.None) is not null) await Runtime.RemoveImageAsync(Image, CancellationToken.None);
        }

        Runtime.Dispose();
    }

    private static async Task<MemoryStream> BusyboxArchiveAsync()
    {
        const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        var archive = new MemoryStream();
        await using (var tar = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var directory in new[] { "bin/", "tmp/", "etc/" })
            {
                await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.Directory, directory) { Mode = Executable });
            }

            await using var program = File.OpenRead(Busybox);
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox") { DataStream = program, Mode = Executable });
            foreach (var applet in "sh sleep cat echo ls env id nc wget nslookup httpd touch true false hostname kill ps stat test mkdir".Split(' '))
            {
                await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.SymbolicLink, "bin/" + applet) { LinkName = "busybox", Mode = Executable });
            }
        }

        archive.Position = 0;
        return archive;
    }
}
