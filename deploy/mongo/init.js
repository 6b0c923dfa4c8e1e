// Makes the replica set and one user per service, each with the rights to its own database only.
// Run by compose.yaml's mongo-init with the administrator's credentials; it may run again at any time.

const password = process.env.PONTE_MONGODB_PASSWORD;
if (!password) throw new Error("PONTE_MONGODB_PASSWORD is missing");

try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] });
}

while (!db.hello().isWritablePrimary) sleep(200);

for (const service of ["agenda", "agreements", "networks", "dossiers", "dashboard"]) {
  const own = db.getSiblingDB(`ponte_${service}`);
  const user = { pwd: password, roles: [{ role: "readWrite", db: own.getName() }] };
  if (own.getUser(service)) own.updateUser(service, user);
  else own.createUser({ user: service, ...user });
}
print("replica set and users are ready");
