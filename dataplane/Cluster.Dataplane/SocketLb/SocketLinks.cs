using System.ComponentModel;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Bpf;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The programs' attachments to the cgroup. Pinned ones go on while no process is there and are taken over by the next.</summary>
internal sealed class SocketLinks : IDisposable
{
    private const string Folder = "links";

    private readonly List<BpfLink> _links = [];

    /// <summary>True where an earlier process has left attachments that work.</summary>
    public static bool ArePinned(string? pinPath) => pinPath is not null && Directory.Exists(Path.Combine(pinPath, Folder)) && Directory.EnumerateFiles(Path.Combine(pinPath, Folder)).Any();

    /// <summary>Attaches every program, or puts it in place of its predecessor without a moment of neither.</summary>
    /// <exception cref="Win32Exception">The kernel refused; what was attached by then is detached unless it had been there before.</exception>
    public static SocketLinks Attach(SocketPrograms programs, string cgroupPath, string? pinPath)
    {
        var links = new SocketLinks();
        try
        {
            using var cgroup = FolderHandle.Open(cgroupPath);
            var folder = pinPath is null ? null : Directory.CreateDirectory(Path.Combine(pinPath, Folder)).FullName;
            foreach (var (hook, program) in programs.All) links._links.Add(Attach(hook, program, cgroup, folder is null ? null : Path.Combine(folder, $"{hook}")));
            return links;
        }
        catch
        {
            links.Dispose();
            throw;
        }
    }

    /// <summary>Detaches everything that is pinned, at once, whoever holds it.</summary>
    public static void Remove(string pinPath)
    {
        var folder = Path.Combine(pinPath, Folder);
        if (!Directory.Exists(folder)) return;
        foreach (var path in Directory.GetFiles(folder))
        {
            using (var link = BpfLink.Open(path)) link?.Detach();
            File.Delete(path);
        }
    }

    public void Dispose()
    {
        foreach (var link in _links) link.Dispose();
    }

    private static BpfLink Attach(BpfAttachType hook, BpfProgram program, FolderHandle cgroup, string? path)
    {
        using var opening = new Opening();
        if (path is not null && BpfLink.Open(path) is { } pinned)
        {
            opening.Add(pinned);
            if (pinned.CgroupId == cgroup.Inode)
            {
                pinned.Replace(program);
                opening.Keep();
                return pinned;
            }

            // Of another cgroup, or of one that is gone.
            File.Delete(path);
        }

        var link = opening.Add(BpfLink.Attach(program, cgroup, hook));
        if (path is not null) link.Pin(path);
        opening.Keep();
        return link;
    }
}
