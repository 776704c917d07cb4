using System.Formats.Tar;
using System.Runtime.InteropServices;

namespace Cluster.Containers.Pause;

/// <summary>The image of every sandbox: one file, made here, for this machine's architecture.</summary>
public static class PauseImage
{
    public const string Repository = "cluster.local/pause";

    /// <summary>Raised whenever the program or the layout of the image changes.</summary>
    public const string Tag = "1";

    public const string Reference = Repository + ":" + Tag;

    /// <summary>What makes a root file system a pause image, in the words of a Dockerfile.</summary>
    public static IReadOnlyList<string> Changes { get; } = ["ENTRYPOINT [\"/pause\"]"];

    /// <summary>The root file system as a tar archive.</summary>
    public static async Task<MemoryStream> BuildArchiveAsync(Architecture architecture, CancellationToken cancellationToken)
    {
        var archive = new MemoryStream();
        await using (var tar = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            var program = new UstarTarEntry(TarEntryType.RegularFile, "pause")
            {
                DataStream = new MemoryStream(PauseProgram.Build(architecture)),
                Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
                    | UnixFileMode.OtherRead | UnixFileMode.OtherExecute,
                ModificationTime = DateTimeOffset.UnixEpoch,
            };
            await tar.WriteEntryAsync(program, cancellationToken);
        }

        archive.Position = 0;
        return archive;
    }
}
