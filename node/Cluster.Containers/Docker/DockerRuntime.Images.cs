using System.Runtime.InteropServices;
using Cluster.Containers.Pause;
using Docker.DotNet.Models;

namespace Cluster.Containers.Docker;

public sealed partial class DockerRuntime
{
    public async Task<ImageDetails?> FindImageAsync(string reference, CancellationToken cancellationToken)
    {
        try
        {
            var image = await reads.RunAsync("image", token => client.Images.InspectImageAsync(reference, token), cancellationToken);
            return new ImageDetails(
                image.ID, [.. image.RepoTags ?? []], [.. image.RepoDigests ?? []], image.Size, image.Config?.User ?? "");
        }
        catch (RuntimeException exception) when (exception.Failure == RuntimeFailure.NotFound)
        {
            return null;
        }
    }

    public async Task<IReadOnlyList<ImageDetails>> ListImagesAsync(CancellationToken cancellationToken)
    {
        var rows = await reads.RunAsync(
            "images", token => client.Images.ListImagesAsync(new ImagesListParameters(), token), cancellationToken);
        return rows.Select(row => new ImageDetails(row.ID, Named(row.RepoTags), Named(row.RepoDigests), row.Size, "")).ToList();
    }

    public async Task PullImageAsync(string reference, RegistryCredential? credential, CancellationToken cancellationToken)
    {
        var (repository, tag) = ImageReference.Split(reference);
        var parameters = new ImagesCreateParameters { FromImage = repository, Tag = tag };
        var auth = credential is null ? new AuthConfig() : new AuthConfig
        {
            ServerAddress = credential.Server,
            Username = credential.Username,
            Password = credential.Password,
            IdentityToken = credential.IdentityToken,
        };
        var progress = new PullProgress();
        await pulls.RunAsync("pull", token => client.Images.CreateImageAsync(parameters, auth, progress, token), cancellationToken);

        // The engine answers 200 before it pulls; a failure after that is only a line of the progress.
        if (progress.Error is { } error) throw new RuntimeException(RuntimeFailure.Refused, error);
    }

    public Task RemoveImageAsync(string reference, CancellationToken cancellationToken) =>
        calls.RunAsync(
            "remove image", token => client.Images.DeleteImageAsync(reference, new ImageDeleteParameters(), token), cancellationToken);

    /// <summary>Makes an image of a root file system in a tar archive: how the pause image and the demo's images come to be.</summary>
    /// <param name="changes">Dockerfile instructions such as <c>ENTRYPOINT ["/pause"]</c>.</param>
    public async Task ImportImageAsync(string reference, Stream archive, IEnumerable<string> changes, CancellationToken cancellationToken)
    {
        var (repository, tag) = ImageReference.Split(reference);
        var parameters = new ImagesCreateParameters { FromSrc = "-", Repo = repository, Tag = tag, Changes = changes.ToList() };
        var progress = new PullProgress();
        await calls.RunAsync(
            "import", token => client.Images.CreateImageAsync(parameters, archive, new AuthConfig(), progress, token), cancellationToken);
        if (progress.Error is { } error) throw new RuntimeException(RuntimeFailure.Refused, error);
    }

    private async Task EnsurePauseImageAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref pauseImageStands)) return;
        await pauseLock.WaitAsync(cancellationToken);
        try
        {
            if (await FindImageAsync(PauseImage.Reference, cancellationToken) is null)
            {
                await using var archive = await PauseImage.BuildArchiveAsync(RuntimeInformation.OSArchitecture, cancellationToken);
                await ImportImageAsync(PauseImage.Reference, archive, PauseImage.Changes, cancellationToken);
            }

            Volatile.Write(ref pauseImageStands, true);
        }
        finally
        {
            pauseLock.Release();
        }
    }

    // The engine lists an untagged image under a name of nothing.
    private static List<string> Named(IEnumerable<string>? names) =>
        names?.Where(name => !name.StartsWith("<none>", StringComparison.Ordinal)).ToList() ?? [];

    private sealed class PullProgress : IProgress<JSONMessage>
    {
        public string? Error { get; private set; }

        public void Report(JSONMessage value) => Error ??= value.Error?.Message;
    }
}
