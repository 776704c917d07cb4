using Cluster.Api.CoreV1;
using Cluster.Containers.Tests;
using Cluster.Kubelet.Tests.Rigs;
using Docker.DotNet;
using Docker.DotNet.Models;
using Google.Protobuf;

namespace Cluster.Kubelet.Tests.Docker;

/// <summary>Pulls from a registry, by the real engine.</summary>
public sealed class ImagePullTests : IAsyncLifetime
{
    private readonly DockerRig docker = new();
    private readonly KubeletRig rig;
    private readonly List<string> pulled = [];

    public ImagePullTests()
    {
        if ((DockerRig.Missing ?? RegistryProcess.Missing) is { } missing) Assert.Skip(missing);
        rig = new KubeletRig(docker.Runtime, docker.PodCidr);
    }

    public ValueTask InitializeAsync() => docker.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await rig.StopAsync();
        await docker.Runtime.RemoveAllAsync(CancellationToken.None);
        foreach (var image in pulled)
        {
            if (await docker.Runtime.FindImageAsync(image, CancellationToken.None) is not null) await docker.Runtime.RemoveImageAsync(image, CancellationToken.None);
        }

        await docker.DisposeAsync();
        await rig.DisposeAsync();
    }

    [Fact]
    public async Task Pod_WithAnImageOfAnOpenRegistry_PullsAndRuns()
    {
        await using var registry = await RegistryProcess.StartAsync(locked: false);
        var image = await PushAsync(registry, new AuthConfig());
        rig.Start();
        rig.Create(Pod("open", image));

        await rig.UntilAsync("open", status => status.Phase == "Running");

        await rig.UntilEventAsync("open", "Pulled", $"Successfully pulled image \"{image}\" in ");
        Assert.StartsWith($"docker-pullable://{registry.Address}/busybox@sha256:", rig.Status("open")!.ContainerStatuses[0].ImageID, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pod_WithAnImageOfALockedRegistry_PullsWithItsSecretAlone()
    {
        await using var registry = await RegistryProcess.StartAsync(locked: true);
        var image = await PushAsync(registry, new AuthConfig { Username = RegistryProcess.User, Password = RegistryProcess.Password });
        var login = $$$"""{"auths":{"{{{registry.Address}}}":{"username":"{{{RegistryProcess.User}}}","password":"{{{RegistryProcess.Password}}}"} } }""";
        rig.Api.Seed(new Api.CoreV1.Secret
        {
            Metadata = new() { Name = "login", Namespace = "default" },
            Type = "kubernetes.io/dockerconfigjson",
            Data = { [".dockerconfigjson"] = ByteString.CopyFromUtf8(login) },
        });
        rig.Start();
        rig.Create(Pod("without", image));
        await rig.UntilAsync("without", status => status.ContainerStatuses[0].State.Waiting?.Reason is "ErrImagePull" or "ImagePullBackOff");

        rig.Create(Pod("with", image).With(pod => pod.Spec.ImagePullSecrets.Add(new LocalObjectReference { Name = "login" })));

        await rig.UntilAsync("with", status => status.Phase == "Running");
    }

    private async Task<string> PushAsync(RegistryProcess registry, AuthConfig auth)
    {
        var repository = $"{registry.Address}/busybox";
        using var client = new DockerClientBuilder().WithEndpoint(docker.Options.Endpoint).Build();
        await client.Images.TagImageAsync(docker.Image, new ImageTagParameters { RepositoryName = repository, Tag = "1" });
        var errors = new Errors();
        await client.Images.PushImageAsync(repository, new ImagePushParameters { Tag = "1" }, auth, errors);
        Assert.Null(errors.First);
        await docker.Runtime.RemoveImageAsync($"{repository}:1", CancellationToken.None);
        pulled.Add($"{repository}:1");
        return $"{repository}:1";
    }

    private static Pod Pod(string name, string image) => PodsOf.Pod(name, PodsOf.Container("main", "sleep", "1000").With(main => main.Image = image))
        .With(pod =>
        {
            pod.Metadata.Uid = Guid.NewGuid().ToString();
            pod.Spec.TerminationGracePeriodSeconds = 1;
        });

    private sealed class Errors : IProgress<JSONMessage>
    {
        public string? First { get; private set; }

        public void Report(JSONMessage value) => First ??= value.Error?.Message;
    }
}
