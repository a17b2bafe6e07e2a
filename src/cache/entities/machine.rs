//! Machines.

use super::object::{is_written, object, zero};
use super::{Address, Life, Members, Status};
use crate::machine::ModelId;

object! {
    /// A machine, or a container on one.
    pub struct Machine {
        /// Its model.
        "model-uuid" always model_uuid: ModelId,
        /// Its number; containers are `0/lxd/1`.
        "id" always id: String,
        /// What the provider calls it.
        "instance-id" always instance_id: String,
        /// Its agent, whose version this carries.
        "agent-status" always agent_status: Status,
        /// Its instance at the provider.
        "instance-status" always instance_status: Status,
        /// Where it is in its life.
        "life" always life: Life,
        /// Settings of its own.
        "config" omitempty config: Members,
        /// The release by name, which servers of version 3 no longer tell.
        "series" omitempty series: String,
        /// The release: `ubuntu@22.04`.
        "base" always base: String,
        /// The kind of container it is; empty for a host.
        "container-type" always container_type: String,
        /// The kinds of containers it can hold.
        "supported-containers" always supported_containers: Option<Vec<String>>,
        /// Whether these are known.
        "supported-containers-known" always supported_containers_known: bool,
        /// What it is made of.
        "hardware-characteristics" omitempty hardware_characteristics: Option<Hardware>,
        /// Profiles that charms have asked for.
        "charm-profiles" omitempty charm_profiles: Vec<String>,
        /// `JobHostUnits`, `JobManageModel`.
        "jobs" always jobs: Option<Vec<String>>,
        /// Where it can be reached.
        "addresses" always addresses: Option<Vec<Address>>,
        /// Whether it votes among the controllers.
        "has-vote" always has_vote: bool,
        /// Whether it is to.
        "wants-vote" always wants_vote: bool,
        /// What it calls itself.
        "hostname" omitempty hostname: String,
    }
}

object! {
    /// What a machine is made of. Sizes are MiB.
    pub struct Hardware {
        /// The architecture.
        "arch" omitempty arch: String,
        /// Memory.
        "mem" omitempty mem: u64,
        /// Size of the root disk.
        "root-disk" omitempty root_disk: u64,
        /// Where the root disk comes from.
        "root-disk-source" omitempty root_disk_source: String,
        /// Cores.
        "cpu-cores" omitempty cpu_cores: u64,
        /// Power of a core, in hundredths of one of a reference machine.
        "cpu-power" omitempty cpu_power: u64,
        /// Tags the provider gave it.
        "tags" omitempty tags: Vec<String>,
        /// Its availability zone.
        "availability-zone" omitempty availability_zone: String,
        /// Kind of virtual machine.
        "virt-type" omitempty virt_type: String,
    }
}

impl Hardware {
    /// As Juju prints it: `arch=amd64 cores=4 mem=8192M`.
    pub fn line(&self) -> String {
        let number = |name: &str, value: u64, unit: &str| (value != 0).then(|| format!("{name}={value}{unit}"));
        let text = |name: &str, value: &str| (!value.is_empty()).then(|| format!("{name}={value}"));
        let parts = [
            text("arch", &self.arch),
            number("cores", self.cpu_cores, ""),
            number("cpu-power", self.cpu_power, ""),
            number("mem", self.mem, "M"),
            number("root-disk", self.root_disk, "M"),
            text("root-disk-source", &self.root_disk_source),
            text("tags", &self.tags.join(",")),
            text("availability-zone", &self.availability_zone),
            text("virt-type", &self.virt_type),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
