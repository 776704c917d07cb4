using System.Text;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Cluster.EndToEnd.Tests;

/// <summary>The container engine seen from outside the cluster: what runs, and commands inside it.</summary>
internal static class Engine
{
    private static readonly DockerClient Client = new DockerClientBuilder().Build();

    /// <summary>Ids of the running containers of a pod, by the labels every kubelet on Docker sets.</summary>
    public static async Task<IReadOnlyList<ContainerListResponse>> ContainersAsync(string ns, string? pod = null, string? container = null, bool all = false)
    {
        var labels = new Dictionary<string, bool> { [$"io.kubernetes.pod.namespace={ns}"] = true };
        if (pod is not null) labels[$"io.kubernetes.pod.name={pod}"] = true;
        if (container is not null) labels[$"io.kubernetes.container.name={container}"] = true;
        IList<ContainerListResponse> found = await Client.Containers.ListContainersAsync(new ContainersListParameters
        {
            All = all, Filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = labels },
        });
        return [.. found];
    }

    public static async Task<CommandResult> ExecAsync(string ns, string pod, string container, string[] command)
    {
        ContainerListResponse target = Assert.Single(await ContainersAsync(ns, pod, container));
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var created = await Client.Exec.CreateContainerExecAsync(
            target.ID, new ContainerExecCreateParameters { Cmd = command, AttachStdout = true, AttachStderr = true }, timeout.Token);
        using MultiplexedStream stream = await Client.Exec.StartContainerExecAsync(created.ID, new ContainerExecStartParameters(), timeout.Token);
        (string output, string error) = await stream.ReadOutputToEndAsync(timeout.Token);
        var ended = await Client.Exec.InspectContainerExecAsync(created.ID, timeout.Token);
        return new CommandResult((int)(ended.ExitCode ?? -1), output, error);
    }

    public static Task KillAsync(string id) => Client.Containers.KillContainerAsync(id, new ContainerKillParameters { Signal = "SIGKILL" });

    public static async Task<bool> NetworkExistsAsync(string name) =>
        (await Client.Networks.ListNetworksAsync()).Any(network => network.Name == name);

    /// <summary>Whether an engine answers here.</summary>
    public static async Task<bool> AnswersAsync()
    {
        try
        {
            await Client.System.PingAsync(TestContext.Current.CancellationToken);
            return true;
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or TimeoutException or System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    /// <summary>As <c>docker load -i</c>.</summary>
    public static async Task LoadAsync(string archive)
    {
        await using FileStream tar = File.OpenRead(archive);
        await Client.Images.LoadImageAsync(new ImageLoadParameters { Quiet = true }, tar, new Progress<JSONMessage>(), TestContext.Current.CancellationToken);
    }

    /// <summary>Starts a container on the host's network that sees a folder of the host, read-only, as <c>/etc/cluster-proxy</c>.</summary>
    public static async Task<string> RunAsync(string image, string folder, params string[] arguments)
    {
        CreateContainerResponse made = await Client.Containers.CreateContainerAsync(new CreateContainerParameters
        {
            Image = image, Cmd = arguments, HostConfig = new HostConfig { NetworkMode = "host", Binds = [folder + ":/etc/cluster-proxy:ro"] },
        });
        await Client.Containers.StartContainerAsync(made.ID, new ContainerStartParameters());
        return made.ID;
    }

    /// <summary>Ends it by SIGTERM and takes it away.</summary>
    /// <returns>Its exit code.</returns>
    public static async Task<long> EndAsync(string id)
    {
        await Client.Containers.StopContainerAsync(id, new ContainerStopParameters { WaitBeforeKillSeconds = 10 });
        long code = (await Client.Containers.InspectContainerAsync(id)).State!.ExitCode;
        await Client.Containers.RemoveContainerAsync(id, new ContainerRemoveParameters { Force = true });
        return code;
    }

    public static Task RemoveImageAsync(string image) => Client.Images.DeleteImageAsync(image, new ImageDeleteParameters());
}
