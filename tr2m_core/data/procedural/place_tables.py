"""What stands where: the tables behind the places and objects of the procedural scene descriptions.

One entry a line; an indented line continues the one before. `places` parses them.
"""

from __future__ import annotations

# Objects by setting: "name shape", b = box, s = sphere, c = cylinder; every noun has one shape.
POOLS = """
bedroom: bed b, pillow b, wardrobe b, bedside lamp c, chest of drawers b, duvet b, dressing table b, laundry basket c,
  mirror b, curtain b, night stand b, mattress b, rug b, bookcase b, radiator b, sleigh bed b, bunk bed b, blanket b,
  ceiling lamp s, picture frame b, desk b, chair b, framed picture b, door b, suitcase b, teddy bear s, cupboard b,
  dresser with a mirror b
living: sofa b, armchair b, coffee table b, television b, floor lamp c, bookcase b, rug b, cushion b, potted plant c,
  fireplace b, ottoman c, curtain b, sideboard b, loudspeaker b, window b, piano b, footstool b, side table c,
  ceiling lamp s, framed picture b, picture frame b, stereo b, desk b, dining table b, blanket b, cabinet b, shelf b,
  lamp c, chair b, door b, wall clock c, stack of books b, sofa bed b
kitchen: refrigerator b, oven b, kitchen cabinet b, dishwasher b, sink b, stove b, bar stool c, kitchen island b,
  extractor hood b, microwave b, dining chair b, waste bin c, window b, worktop b, freezer b, kettle c, toaster b,
  shelf b, chair b, pot c, cabinet b, kitchen table b, stool c, door b, coffee machine b, curtain b, wall clock c
bathroom: toilet b, washbasin s, bathtub b, shower cabin b, towel rail c, mirror b, towel b, bath mat b,
  laundry basket c, radiator b, toilet brush c, bathroom cabinet b, shower curtain b, bidet s, shower head c,
  tiled wall b, sink b, shelf b, waste bin c, window b, washing machine b, soap dispenser c
diningroom: dining table b, dining chair b, sideboard b, chandelier s, china cabinet b, rug b, high chair b, window b,
  painting b, serving trolley b, chair b, cabinet b, vase c, pendant lamp s, shelf b, bench b, potted plant c
playroom: cot b, bunk bed b, rocking horse b, toy chest b, bean bag s, play tent c, changing table b, teddy bear s,
  beach ball s, wall shelf b, pushchair b, balloon s, climbing frame b
basement: water heater c, boiler c, washing machine b, tumble dryer b, storage rack b, cardboard box b, paint can c,
  freezer b, fuse box b, old sofa b, toolbox b, suitcase b, broom c, stepladder b, gas meter b, bicycle b,
  concrete pillar c, wine rack b, wooden crate b, fishing rod c, heating pipe c, dehumidifier b, chair b, shelf b,
  plastic box b, storage box b, pipe c, furnace b, tool cabinet b, pallet b, table b, dining table b, wardrobe b,
  ventilation pipe c, laundry basket c, work light c, plank b, folding chair b
garage: motorcycle b, car b, bicycle b, lawnmower b, workbench b, tool cabinet b, spare tyre c, metal shelf b,
  stepladder b, cardboard box b, petrol can b, garage door b, scooter b, kayak c, snow shovel c, wheelbarrow b,
  wooden bench b, shelf b, car tyre c, tool box b, ladder b, box b, plastic box b, moped b, quad bike b, trailer b,
  bucket c, pushchair b, paint can c, skis c, shelf of boxes b
office: desk b, office chair c, computer monitor b, filing cabinet b, whiteboard b, printer b, bookcase b,
  waste bin c, potted plant c, water cooler c, coat stand c, photocopier b, window b, office partition b,
  swivel chair c, chair b, laptop b, keyboard b, desk lamp c, shelf b, box b, cabinet b, backpack b, partition b,
  poster b, table b, telephone b, door b, person c, stack of paper b, wall clock c, fan c, cardboard box b
school: school desk b, blackboard b, whiteboard b, projector b, teacher's desk b, plastic chair b, globe s,
  coat hook c, book cupboard b, lectern b, world map b, student s, bulletin board b, chair b, table b, shelf b,
  door b, window b, cupboard b, teacher c, bookcase b, poster b
lecture: row of seats b, lectern b, projection screen b, blackboard b, student s, loudspeaker b, lecturer c,
  stage light c, aisle step b, folding seat b
library: bookshelf b, reading table b, reading lamp c, book trolley b, library ladder b, armchair b, stack of books b,
  card catalogue b, computer terminal b, librarian c, magazine rack b
hospital: hospital bed b, drip stand c, wheelchair b, patient monitor b, privacy curtain b, bedside cabinet b,
  nurse c, oxygen cylinder c, stretcher b, X-ray machine b, surgical lamp s, instrument trolley b, defibrillator b
lab: fume cupboard b, laboratory bench b, centrifuge c, gas cylinder c, laboratory stool c, freezer b,
  eyewash station c, microscope c, safety cabinet b, incubator b, robot arm c, oscilloscope b, shelf b, chair b,
  computer monitor b, cabinet b, scientist c, fridge b, table b, box b, door b
cafe: café table c, wooden chair b, bar stool c, espresso machine b, menu board b, waiter c, customer c,
  pendant lamp s, cake display b, high table c, coat stand c, cash register b, chair b, table b, sofa b, window b,
  shelf b, potted plant c, person c, counter b, lamp c
shop: clothes rack b, checkout counter b, display case b, shopping basket b, mannequin c, cash register b, customer c,
  shop window b, shelf of goods b, price board b, shelf b, person c, poster b, box b, counter b, door b, shoe rack b,
  table b
supermarket: shopping trolley b, freezer cabinet b, shelf of groceries b, fruit stand b, checkout b, shopper c,
  stack of crates b, bread shelf b, refrigerated counter b, promotion sign b, stack of cans c, bottle crate b
gym: treadmill b, exercise bike b, weight bench b, punching bag c, dumbbell rack b, rowing machine b,
  gymnastics mat b, medicine ball s, wall bars b, vaulting box b
sportshall: basketball hoop b, handball goal b, volleyball net b, spectator bench b, scoreboard b, climbing wall b,
  gymnastics mat b, player c, referee c
workshop: workbench b, drill press b, band saw b, lathe b, tool cabinet b, vice b, wood pile b, welding machine b,
  gas cylinder c, anvil b, grinding machine b, sawhorse b, dust extractor c, compressor c, shelf b, table b, box b,
  vacuum cleaner c, ladder b, chair b, machine b, plank b, tool trolley b, bucket c
warehouse: pallet b, forklift b, pallet rack b, stack of cartons b, shipping crate b, steel drum c, pallet truck b,
  roller door b, warehouse worker c, conveyor b, big bag b, safety barrier b, stack of pallets b, shelf b,
  cardboard box b, person c, robot b, trolley b, barrel c, container b, stack of boxes b, cage trolley b
factory: milling machine b, assembly line b, industrial robot c, overhead crane b, control cabinet b, press b,
  steel coil c, storage tank c, machine operator c, forklift b, steel girder b, furnace b, generator b, machine b,
  robot arm c, pallet b, barrel c, pipe c, worker c, cable drum c, tank c, crate b, electric motor c
pool: diving board b, swimming lane b, starting block b, sun lounger b, lifeguard chair b, swimmer s, lifebuoy c
museum: sculpture c, display case b, oil painting b, plinth b, visitor c, rope barrier c, dinosaur skeleton b,
  marble statue c, museum bench b
church: pew b, altar b, church organ b, stone column c, stained-glass window b, pulpit c, candle stand c, crucifix b,
  statue of a saint c, font c, choir stall b
auditorium: grand piano b, orchestra seat b, stage curtain b, balcony b, spotlight c, row of red seats b,
  cinema screen b, conductor's podium b, stage b
terminal: check-in desk b, departure board b, luggage trolley b, traveller c, ticket machine b, escalator b, kiosk b,
  row of seats b, information desk b, advertising pillar c, suitcase b
expo: trade fair stand b, exhibition booth b, banner b, display car b, crowd of visitors b, lighting truss c,
  podium b, show stage b
hangar: airliner c, propeller plane c, helicopter s, boarding stairs b, fuel truck b, tow tractor b, hangar door b,
  jet engine c, aircraft mechanic c, airship s, glider c, scaffold tower b
barn: hay bale c, tractor b, milk churn c, cow b, feeding trough b, horse box b, straw stack b, plough b, horse b
greenhouse: tomato plant c, planter b, watering can c, grow lamp b, seed tray b, palm c, sprinkler pipe c,
  compost bag b
server: server rack b, cable tray b, air-conditioning unit b, network cabinet b, cooling unit b, UPS cabinet b
cramped: handrail c, control panel b, mirror b, folding stool b, fire extinguisher c, coat hook c, storage bag b
carinside: steering wheel c, dashboard b, headrest b, car seat b, gear lever c, seat belt b, rear-view mirror b,
  glove compartment b, child seat b
cave: stalagmite c, stalactite c, boulder s, rock pillar c, cave lake b, rope ladder b
deck: parked car b, van b, concrete column c, ticket barrier b, ticket machine b, ramp b, exit sign b,
  charging station b, parked motorcycle b
dollhouse: thimble-sized chair b, doll's bed b, matchbox chest of drawers b, tiny porcelain bathtub b, doll s,
  doll-sized wardrobe b, dollhouse table b, postage-stamp rug b, bead lampshade s, button-sized plate c, toy piano b,
  finger-high bookcase b, dollhouse sofa b, thumbnail-sized teapot s, toy refrigerator b, dollhouse stove b
shoebox: cardboard figure b, cotton-wool cloud s, paper tree c, cork stool c, folded-paper table b, glued-on button c,
  bottle cap c, clay animal s, toothpick ladder b, paper cut-out b
matchbox: matchstick c, grain of rice s, pinhead s, bead s, paper-thin figurine b, sequin c, seed s, crumb of cork s,
  matchstick fence b, lentil s
aquarium: goldfish s, aquarium plant c, snail shell s, ceramic castle b, air pump b, neon tetra s, pebble s,
  water filter c, treasure chest ornament b, driftwood b, guppy s
cupboard: jar of jam c, tin of beans c, bag of flour b, spice jar c, stack of plates c, packet of pasta b,
  sugar bowl s, biscuit tin c, milk carton b, yoghurt pot c, egg box b, butter dish b, ketchup bottle c, lettuce s
drawer: teaspoon c, paper clip c, pencil sharpener b, rolled-up sock s, ring box b, sewing kit b, battery c, key b,
  folded handkerchief b, stamp b, cork c, necklace c
cage: hamster s, running wheel c, water bottle c, wood shaving s, feeding bowl c, gecko b, heat lamp c, bird's nest s,
  egg s, chick s, tortoise s, small branch c
boot: grocery bag b, warning triangle b, sports bag b, car jack b, spare wheel c, crate of bottles b,
  picnic blanket b, first-aid kit b
hall: door b, fire extinguisher c, ceiling light b, notice board b, exit sign b, handrail c, potted plant c, bench b,
  fire door b, window b, carpet runner b, poster b, waste bin c, chair b, person c, shelf b, cardboard box b,
  water cooler c, lift door b, coat hook c, printer b, vending machine b, glass door b
hotel: room door b, wall lamp c, housekeeping trolley b, ice machine b, lift door b, carpet runner b, console table b,
  fire extinguisher c, room-number plate b, shoe-shine machine b
ward: hospital bed b, wheelchair b, stretcher b, drip stand c, nurse c, hand-sanitiser dispenser b, double door b,
  handrail c, medicine trolley b, patient c, cleaning trolley b
schoolhall: locker b, classroom door b, trophy cabinet b, backpack b, pupil c, coat hook c, noticeboard b, bench b,
  drinking fountain b
home: coat rack c, shoe cabinet b, umbrella stand c, wall mirror b, doormat b, front door b, console table b,
  hat stand c, pair of shoes b, key cabinet b, staircase b, winter coat b, jacket b, bench b, rug b, door b, lamp c,
  chest of drawers b, picture frame b, backpack b, umbrella c
stairs: banister c, stair step b, landing b, stair carpet b, newel post c, stair gate b, handrail c, wall lamp c
racks: server rack b, pallet rack b, shelf of books b, step stool b, shelf of boxes b, stack of cartons b
carriage: row of seats b, luggage rack b, passenger c, overhead locker b, folding table b, window seat b, suitcase b,
  grab pole c, headrest b, train door b
platform: passenger c, platform bench b, ticket machine b, station clock c, train b, platform sign b,
  vending machine b, waste bin c, advertising board b, escalator b, steel column c
cells: cell door b, barred window b, prison guard c, steel gate b, surveillance camera b, food trolley b
cloister: stone arch b, stone column c, stone bench b, statue c, fountain c, monk c, vaulted bay b
mouse: laboratory mouse s, cheese cube b, plastic partition b, food pellet s, dollhouse door b, thimble c,
  matchbox bench b, doll s
street: parked car b, tree c, house b, street lamp c, pedestrian c, bicycle b, hedge b, mailbox b, wheelie bin b,
  garden fence b, delivery van b, front garden b, fire hydrant c, cyclist c, child c, dog s, apartment building b,
  road sign c, driveway b, letter box b, car b, van b, fence b, brick wall b, traffic sign c, bush s, garden wall b,
  telegraph pole c, person c, motorcycle b, garage door b, traffic cone c, trailer b, bench b, caravan b, gate b,
  pole c
city: car b, bus b, tram b, traffic light c, pedestrian c, lorry b, taxi b, office building b, apartment building b,
  zebra crossing b, street lamp c, cyclist c, bus stop b, motorcycle b, shop front b, traffic sign c, parked car b,
  van b, advertising column c, skyscraper b, street tree c, bollard c, crash barrier b, person c, tree c, building b,
  truck b, box truck b, pole c, fence b, crane c, traffic cone c, barrier b, scooter b, billboard b, bench b,
  traffic island b, level-crossing sign c, hedge b, house b, brick wall b, trailer b, flag c, lamp post c,
  road sign c, white van b, glass facade b, construction fence b, bus shelter b, waste bin c
motorway: lorry b, articulated truck b, motorway bridge b, crash barrier b, gantry sign b, overtaking car b, coach b,
  noise barrier b, emergency telephone c, exit sign b, tanker c, car b, wind turbine c, exit lane b
country: farmhouse b, field of wheat b, tree c, tractor b, wooden fence b, hay bale c, cow b, telegraph pole c,
  signpost c, stone wall b, oncoming car b, hill s, barn b, bush s, car b, bicycle b, road sign c, house b, fence b,
  pole c, horse b, cyclist c, hedge b, bridge b
alley: rubbish container b, fire escape b, back door b, drainpipe c, wheelie bin b, stray cat s, stack of crates b,
  washing line c, parked scooter b, graffiti wall b, brick wall b, dustbin c, air-conditioning unit b
site: excavator b, tower crane c, concrete mixer c, pile of sand s, scaffolding b, site fence b,
  construction worker c, cement bag b, dumper truck b, bulldozer b, pile of bricks b, traffic cone c,
  portable toilet b, steel beam b, concrete pipe c, worker c, barrier b, truck b, crane c, container b, ladder b,
  plank b, pipe c, wheelbarrow b, fence b, van b
market: market stall b, fruit crate b, parasol c, vendor c, shopper c, flower bucket c, food truck b, awning b,
  barrel c
garden: garden chair b, flower pot c, lawnmower b, garden shed b, apple tree c, barbecue c, hedge b, swing b,
  wheelbarrow b, garden table b, paddling pool c, bush s, bird bath c, trampoline c, garden gnome c, compost heap s,
  chair b, table b, tree c, fence b, house b, bench b, bicycle b, ball s, bucket c, parasol c, dog s, rose bush s
park: park bench b, oak tree c, jogger c, fountain c, flower bed b, pond c, statue c, picnic blanket b, dog s,
  lamp post c, bush s, playing child c, tree c, bench b, person c, bicycle b, waste bin c, sign c, bridge b, fence b,
  squirrel s
play: swing b, slide b, sandpit b, climbing frame b, seesaw b, roundabout c, park bench b, child c, spring rider s,
  basketball hoop b, bicycle rack b
fuel: petrol pump b, parked car b, price sign b, tanker c, car wash b, air-pressure station b, motorcyclist c
harbour: fishing boat b, container crane b, container ship b, lighthouse c, bollard c, shipping container b,
  sailing yacht b, ferry b, seagull s, fishing net b
airfield: airliner c, runway light s, control tower c, fire engine b, windsock c, fuel truck b, passenger jet c
stadium: floodlight mast c, grandstand b, goal b, scoreboard b, football player c, running track b, corner flag c,
  advertising hoarding b, crowd of spectators b, team bench b
forest: fallen trunk c, pine tree c, fern s, boulder s, tree stump c, birch c, mushroom c, wooden signpost c, hiker c,
  bush s
beach: beach umbrella c, beach chair b, palm tree c, surfboard b, sand dune s, lifeguard tower b, bather c,
  wicker beach chair b
camp: tent b, camper van b, campfire c, camping chair b, picnic table b, caravan b, cool box b, gas stove c
square: town hall b, fountain c, statue c, café parasol c, church tower c, tourist c, pigeon s, market cross c,
  flower tub c
toystreet: toy car b, plastic tree c, model house b, toy lorry b, model lamp post c, plastic figure c, matchbox car b,
  model locomotive b, plastic cow b, cardboard house b, toy traffic light c, toy bus b, model signal box b,
  sponge bush s, painted pedestrian figure c, matchstick fence b, toy crane c, model station b, plastic soldier c,
  toy train b
bricktown: plastic brick b, brick-built house b, minifigure c, brick-built car b, toy policeman c, plastic flower s,
  interlocking brick tower b, toy fire engine b
desk: keyboard b, computer monitor b, computer mouse s, laptop b, notebook b, pen c, coffee mug c, desk lamp c,
  stapler b, pencil holder c, telephone b, magazine b, water bottle c, cup c, calculator b, stack of paper b,
  tablet b, headphones case b, sticky-note pad b, webcam b, file folder b, tape dispenser b, hole punch b, book b,
  lamp c, mouse pad b, mug c, stack of books b, phone b, glass c, globe s, bottle c, box b, printer b,
  picture frame b, potted plant c, headphones b, speaker b, cable c, marker pen c, pair of scissors b, envelope b,
  snack bag b, sheet of paper b, teddy bear s, monitor stand b, paper cup c, notepad b, USB stick b, die b,
  roll of tape c, rubber duck s, banana c
counter: mug c, bowl s, cereal box b, mustard bottle c, toaster b, kettle c, chopping board b, knife block b,
  frying pan c, saucepan c, banana c, apple s, bread bin b, coffee machine b, milk carton b, soup can c, sugar box b,
  spice rack b, bottle of olive oil c, tomato s, colander s, wooden spoon c, potato s, onion s, dish rack b,
  blender c, lemon s, rolling pin c, measuring jug c, ketchup bottle c, plate c, cup c, glass c, jar c, bottle c,
  can c, box b, microwave b, tray b, knife b, paper towel roll c, sponge b, dish soap c, carton b, orange s,
  plastic container b, lid c, cake c, bread b, tea towel b, salt shaker c, pan c, food processor b, egg box b
tabletop: mug c, bowl s, cereal box b, plate c, glass c, fruit bowl s, banana c, apple s, teapot s, book b, vase c,
  candle c, pitcher c, cracker box b, soup can c, tuna can c, mustard bottle c, sugar box b, tennis ball s, orange s,
  scissors case b, wooden block b, foam brick b, marker pen c, spray bottle c, bleach bottle c, cordless drill b,
  potted-meat can b, gelatin box b, jug c, cup c, wine bottle c, napkin b, newspaper b, remote control b,
  tissue box b, juice carton b, water bottle c, game controller b, toy block b, coffee can c, pear s, peach s,
  spoon c, shampoo bottle c, bottle c, can c, box b, laptop b, phone b, key b, pen c, white mug c, plastic cup c,
  paper cup c, plastic container b, food container b, lid c, battery c, drill b, screwdriver c, hammer b,
  pair of scissors b, ball s, baseball s, golf ball s, Rubik's cube b, toy car b, toy plane b, toy duck s, cube b,
  cereal bowl s, tin c, jar c, package b, black package b, notebook b, cap s, snack bag b, chips can c, pudding box b,
  padlock s, clamp b, strawberry s, lemon s, plum s, tub of wipes c, can of nuts c, bag b, cloth b, sponge b,
  camera b, umbrella c, tape roll c, die b, lamp c, glue stick c, tray b, sunglasses case b, wallet b, flashlight c,
  hole punch b, stapler b, toothbrush c, shoe b, headphones b, plastic bottle c, milk carton b
dinner: plate c, wine glass c, soup tureen s, salad bowl s, candlestick c, bread basket s, water jug c, napkin b,
  serving dish b, roast chicken s, wine bottle c, gravy boat s, cake c, chair b, champagne bucket c, fork b, knife b,
  glass c, bowl s, bottle c, vase c, candle c, cup c, bread b, salt shaker c, tablecloth b
bench: cordless drill b, hammer b, screwdriver c, wrench b, pair of pliers b, vice b, toolbox b, tape measure b,
  hand saw b, glue bottle c, jar of nails c, wood plank b, paint can c, soldering iron c, spirit level b, clamp b,
  box of screws b, roll of tape c, safety helmet s, circular saw b, chisel c, oil can c, power drill b, drill b,
  box b, cable c, bolt c, nut c, multimeter b, saw b, glove b, pencil c, rag b, file c, battery c,
  pair of safety glasses b, lamp c, bracket b, measuring tape b, can c, plank b, robot arm c, hot-glue gun b,
  charger b, ruler b, screw c, plastic box b
nightstand: alarm clock b, table lamp c, glass of water c, paperback b, phone b, pair of glasses b, pill box b,
  tissue box b, lamp c, mug c, cup c, book b, clock b, candle c, bottle c, charger b, watch c, ring c, magazine b,
  picture frame b, tissue b
labbench: test-tube rack b, beaker c, Erlenmeyer flask s, pipette c, microscope c, Bunsen burner c, bottle of acid c,
  digital scale b, measuring cylinder c, magnetic stirrer b, box of gloves b, laptop b, bottle c, box b, rack b,
  cable c, oscilloscope b, power supply b, notebook b, rubber glove b, pen c, petri dish c, robot gripper b
shelf: book b, picture frame b, vase c, small clock b, storage box b, folded towel b, trophy c, jar c, ornament s,
  cactus s, perfume bottle c, bottle c, box b, plant c, lamp c, cup c, basket c, camera b, binder b, toy car b,
  candle c, bowl s, mug c, can c, radio b, shoe b, folder b, stack of books b, plate c, teddy bear s, speaker b
conference: laptop b, conference phone s, water bottle c, glass c, office chair c, notepad b, name plate b,
  projector b, coffee pot c, stack of documents b, mug c, cup c, chair b, pen c, marker pen c, phone b, cable c,
  paper cup c, plate of biscuits c, notebook b, toy block b, box b, microphone c, tablet b
bar: beer glass c, wine bottle c, cocktail shaker c, whisky bottle c, bar stool c, beer tap c, bowl of nuts s,
  ashtray c, coffee cup c, cake stand c, tip jar c
parcel: parcel b, carton b, shopping bag b, can of soup c, milk carton b, cash register b, barcode scanner b,
  bottle of cola c, plastic crate b, bread loaf b, bag of potatoes s, bag of crisps b, box b, bag b, bottle c, jar c,
  cereal box b, envelope b, apple s, banana c, plastic bag b, suitcase b, tray b
stove: frying pan c, saucepan c, kettle c, stock pot c, wok s, spatula b, ladle c, pepper mill c, plate c, sponge b,
  dish brush c, washing-up bottle c
meal: fork b, knife b, spoon c, fried egg c, sausage c, slice of bread b, cherry tomato s, salt shaker c,
  pat of butter b, meatball s, slice of cucumber c, strawberry s, grape s, biscuit c, teacup c, cube of cheese b,
  egg cup c
board: chess piece c, dice b, playing card b, draughts piece c, pawn c, domino b, game token c, white queen c,
  black knight c
watch: watch gear c, tweezers b, watch case c, loupe c, tiny screw c, watch strap b, ring c, gemstone s,
  pocket watch c, pearl s, silver coin c, earring s, postage stamp b, magnifying glass c
chip: resistor c, capacitor c, microchip b, solder joint s, transistor b, light-emitting diode s, pin header b,
  USB socket b, quartz crystal b, ribbon connector b, coin cell c
specimen: ant s, bacteria colony s, seed s, drop of water s, insect leg c, pollen grain s, beetle s, agar disc c,
  fly s, tiny crystal b, ladybird s, grain of sand s, salt crystal b
dolltable: doll's teacup c, thimble c, doll's plate c, acorn cup s, button c, toy teapot s, toy spoon c, bead apple s,
  doll-sized cake c, clay bun s
toybench: toy hammer b, wooden peg c, toy saw b, plastic screw c, half-painted toy soldier c, wooden toy wheel c,
  glue tube c, doll's head s, toy boat b, model aeroplane b, paint pot c, small paintbrush c, wooden toy horse b
surgery: scalpel b, surgical forceps b, kidney dish b, syringe c, gauze swab b, clamp b, pair of surgical scissors b,
  bandage roll c, suture kit b
billiard: billiard ball s, cue ball s, cue c, chalk cube b, triangle rack b, table tennis bat c, net b,
  ping-pong ball s, table football player c
craft: sewing machine b, spool of thread c, pincushion s, fabric roll c, pair of scissors b, knitting ball s, iron b,
  ruler b, paint tube c, brush jar c, sketchbook b, drawing compass b, desk lamp c, crayon c, ink bottle c,
  ball of wool s, box b, needle c, paper b, pen c, cup c, glue stick c, cutter b, button c, brush c, pencil c
floor: teddy bear s, toy truck b, building block b, football s, picture book b, cushion b, toy train b, skateboard b,
  slipper b, backpack b, pet bowl c, sleeping cat s, vacuum cleaner c, shoe b, box b, cable c, cup c, book b,
  slippers b, sock s, toy car b, chair leg c, robot vacuum c, bottle c, newspaper b, bag b, ball s, plug b, dog s,
  basket c
sand: plastic bucket c, toy spade b, sand castle c, watering can c, beach ball s, sand mould s, toy digger b, rake b
pallet: cement bag b, carton b, steel drum c, plastic barrel c, car battery b, sack of grain b, wooden crate b,
  gas bottle c, stack of bricks b, roll of cable c, hay bale c
stall: crate of apples b, basket of oranges s, pumpkin s, jar of honey c, cabbage s, kitchen scale b,
  bunch of flowers c, wheel of cheese c, melon s, box of strawberries b, tray of eggs b
gut: polyp s, mucosal fold c, stool residue s, biopsy forceps c, haustral fold c, snare wire c, diverticulum s,
  ulcer s, bubble s, appendix opening s, adenoma s, injection needle c
airway: bronchial branch c, cartilage ring c, mucus plug s, carina b, biopsy brush c, tumour s, suction catheter c,
  nodule s
stomach: gastric fold c, ulcer s, polyp s, pylorus c, gastric bubble s, feeding tube c, food remnant s,
  gastric varix s
vessel: blood clot s, plaque s, vessel branch c, stent c, catheter tip c, guide wire c, valve leaflet b,
  red blood cell s
ear: eardrum c, plug of earwax s, ear hair c, nasal septum b, nasal polyp s, turbinate s, cotton fibre c
pipe: pipe joint c, root s, rust patch s, limescale lump s, leaf s, crack b, pipe bend c, grease deposit s,
  inspection robot b, rat s, pebble s, welding seam c
sewer: manhole shaft c, sewage channel b, ladder rung c, rat s, side inlet c, brick pillar b, sewer worker c,
  pile of sludge s, iron gate b, puddle s
duct: fan c, air filter b, grille b, duct flange b, cable c, dust ball s, rivet c, damper flap b, metal strut b
tunnel: emergency phone c, lane marking b, tunnel lamp b, car b, lorry b, jet fan c, emergency exit b, kerb b,
  exit sign b, overhead line c, rail b, cable duct b, oncoming train b, safety niche b, signal light s
mine: mine cart b, wooden prop c, pit lamp s, pile of ore s, miner c, conveyor b, rail b, rock bolt c,
  ventilation hose c, drilling rig b, boulder s, pickaxe b
burrow: earthworm c, root s, pebble s, rabbit s, mole s, heap of soil s, dry leaf s
smalltube: marble s, cork c, drop of water s, speck of dust s, bubble s, bead s, wisp of hair c, grain of sand s
shaft: ladder b, steel cable c, lift cabin b, bucket c, guide rail c, water surface c, iron rung c, landing door b
plant: turbine blade b, inspection hatch c, welding seam c, stiffener ring c, flange c, safety rope c, inspector c,
  flow sensor b, manhole cover c
toytrack: model locomotive b, toy train b, plastic track b, papier-mâché rock s, toy carriage b, model signal c
"""

# Backdrops that fit a setting and carry no name of the place; used like objects, without count or position.
FEATURES = """
home: curtains at the window; a wooden floor; pictures on the wall; daylight through the window; a carpeted floor;
  wallpaper on the walls; a patterned rug; white walls and a ceiling lamp; a bed by the window;
  a sofa in the background; a white door; framed pictures on the white wall; a lamp in the corner;
  books on a shelf behind; a doorway to the next room; dark wood panelling; a blue carpet; a window with blinds;
  chairs seen through a doorway; a brick wall painted white; a ceiling fan; wooden furniture; a parquet floor;
  a sloping ceiling; a person in the background; a brown leather sofa behind; light coming in from the left;
  a mirror on the wall
wet: tiled walls; white tiles; a tiled floor; a frosted window; steam on the mirror; a mirror above;
  a tap and a soap dish; blue tiles; a shelf with bottles; a small window high up; a white ceiling; steel surfaces
work: grey carpet tiles; a suspended ceiling; blinds at the windows; fluorescent tubes on the ceiling;
  cables on the floor; office chairs behind; a low partition; a cardboard wall; a whiteboard on the wall;
  desks in the background; monitors in the background; a glass wall; a window with a view of other buildings;
  posters on the wall; a radiator below the window; shelves with folders; power cables; a grey wall;
  people working in the background
storage: shelves full of boxes; bare concrete walls; pipes under the ceiling; dusty shelves;
  a single bulb on the ceiling; tools hanging on the wall; a concrete floor; a pegboard wall;
  boxes piled against the wall; a whitewashed brick wall; storage shelves along the wall; clutter everywhere;
  plastic storage boxes; a workbench at the wall; a garage door behind; stacked boxes in the back; a dirty floor;
  wooden shelves; old furniture
hall: a high ceiling; steel trusses under the roof; skylights in the roof; rows of ceiling lights; steel columns;
  yellow lines painted on the floor; a shiny floor; large windows; a concrete floor with markings;
  people in the distance; a mezzanine; big lamps
grand: a vaulted ceiling high above; tall columns; galleries on both sides; a towering roof;
  light falling from high windows; a marble floor; rows of columns; a glass roof; crowds in the distance
mini: paper walls; a glued-in floor; one side left open; cardboard walls; printed wallpaper cut from a magazine;
  the edge of the box in view
glass: glass walls; gravel on the bottom; a mesh lid; reflections on the pane
passage: doors on both sides; a row of ceiling lights; a shiny linoleum floor; a window at the far end;
  plain painted walls; a handrail along the wall; a door at the end; a person walking far ahead; a carpeted floor;
  doors on the left; a glass door; lamps reflected in the floor; a bend ahead; windows on the right;
  a fire door in the distance; grey walls; notice boards on the walls
aisle: shelves on both sides; full shelves left and right; a polished floor; hanging signs overhead;
  shelves full of goods; price tags along the shelves; a customer further back; boxes on the upper shelves
houses: houses on both sides; a pavement along the kerb; a row of front gardens; parked cars along the kerb;
  a clear blue sky; an overcast sky; red brick houses; trees lining the pavement; terraced houses on the right;
  garden walls on the left; trees on both sides; a row of parked cars on the left; a house and trees behind;
  brick walls and hedges; a wooden fence; power lines above; a parked van at the left edge; gardens on the right;
  chimneys and roofs; a bend in the road; lawns; a kerb and a grass strip
town: tall buildings on both sides; dark apartment blocks on the right; two lanes and a bus lane; wet asphalt;
  shops on the left; overhead wires; a grey sky; lane markings on the asphalt; office blocks in the background;
  heavy traffic; a cycle lane; a pavement full of people; trees and buildings; tram tracks; lane arrows;
  a traffic light ahead; a glass facade on the right; pedestrians crossing; red-and-white barriers; a bus far ahead;
  distant cars; parked cars on both sides; a crane in the background; a bridge ahead; hedges on both sides;
  office buildings behind; a parking area; a traffic sign; road markings; a car ahead; a brick wall on the right;
  buildings seen to the rear
highway: three lanes in each direction; guard rails on both sides; fields beyond the verge; a wide grey sky;
  light traffic; dashed lane markings; hills in the distance; trucks ahead; an overhead sign; a bridge across;
  trees along the road; cars in the distance
rural: fields on both sides; grass verges; a line of trees; meadows and hills behind; an open sky;
  trees on both sides; hills in the distance; bushes along the way; a fence on the right; a blue sky; tall grass;
  a house far away; a row of poles
walls: brick walls on both sides; peeling plaster; puddles on the ground; cables overhead; a strip of sky above;
  a gate at the end; a wall on each side; windows with shutters; steps ahead
open: a wide sky; grass all around; buildings in the background; clouds above; trees at the edge;
  trees in the background; a fence behind; houses in the distance; a path across; people in the distance; a blue sky;
  a hedge behind
toys: painted cardboard houses; a plywood base; green felt for grass; a hand-painted backdrop;
  plastic buildings on both sides
surface: a plain wall behind; a scratched surface; a checked tablecloth; crumbs scattered about; a white background;
  a blurred background; a window behind; a smooth surface; an office chair behind it; an armchair behind;
  chairs around it; a blue carpet underneath; a wooden floor below; a couch in the background;
  a wall with a socket behind; a keyboard at the edge; the edge of a bed in view; a person's hand;
  a white wall behind; a curtain behind; cables hanging down; a few crumbs; a bookcase in the background;
  a dark background; a monitor behind; a robot gripper above; a grey floor; a checkered cloth; a cabinet behind;
  shadows on it; a lamp beside it
tools: sawdust everywhere; tools hanging behind; wood shavings on the top; an oily surface; a pegboard behind;
  a workshop in the background; a lamp clamped to the edge; bare wood; metal chips; a wall of tools
fine: a shallow depth of field; a strong macro view; a bright lamp just above; a dark background;
  a ruler along the edge
body: moist pink walls; fine blood vessels; the endoscope light reflecting on the mucosa; glistening folds;
  a dark lumen ahead; red tissue all around
pipe: rusty walls; a trickle of water at the bottom; a dark end ahead; smooth plastic walls;
  the light of the camera on the wall
tunnel: concrete walls; a row of lamps along the ceiling; a bright exit in the distance; tiled walls on both sides;
  damp stone
"""

# name | metres | weight | preposition | train names | unseen names | own objects | pools | feature pools | telling
PLACES: dict[str, str] = {
    "room": """
bedroom|2.3|4|in|sleeping room, guest bedroom, main bedroom, teenager's bedroom, student bedroom, room with a bed,
  double bedroom, single bedroom, dormitory room, sleeping quarters, master bedroom, bedroom of a flat, attic bedroom,
  boy's bedroom, girl's bedroom, room with an unmade bed, furnished bedroom, hostel dorm, sleeping chamber,
  bed chamber with a window|spare bedroom, bedchamber||bedroom|home|y
living room|2.6|4|in|lounge, sitting room, family room, living area, TV room, family living room, cosy sitting room,
  salon, room with a sofa, apartment living room, drawing room, living space, lounge area, living room of a flat,
  room with couches, TV lounge, sitting area, seating area of a home, furnished living room,
  room with a television and a sofa, living and dining area|front room, parlour||living|home|y
kitchen|2.2|4|in|fitted kitchen, family kitchen, home kitchen, kitchenette, apartment kitchen, cooking area,
  home cooking space, open kitchen, kitchen of a flat, kitchen area, domestic kitchen, modern kitchen with cabinets,
  kitchen interior, kitchen with wooden cupboards, cooking corner, farmhouse kitchen, kitchen with an island,
  shared kitchen|galley kitchen, cook's kitchen||kitchen|home, wet|y
bathroom|1.6|3|in|bath, washroom, shower room, family bathroom, ensuite bathroom, shower bath, toilet and bathroom,
  guest bathroom, bathroom of a flat, tiled bathroom, bathroom with a bathtub, bathroom with a shower, hotel bathroom,
  bathroom with a toilet and a sink, lavatory with a washbasin, powder room, bathroom interior|restroom, wet room||
  bathroom|wet|y
toilet cubicle|1.2|.7|in|toilet stall, lavatory, WC, public toilet stall, guest toilet|loo|toilet roll c, toilet b,
  toilet brush c, cistern b|bathroom|wet|n
dining room|2.6|2|in|eating area, dining area, breakfast room, dining hall of a house, room with a dining table,
  breakfast area, dining space, formal dining room, dining room of a house, room with a table and six chairs,
  dining corner of a flat|dinner room, room for meals||diningroom|home|y
home office|2|2|in|study, private study, writing room, home workspace, room with a desk at home, computer corner,
  studio, study room, home study corner, room with a computer desk, hobby room, workroom at home,
  room used as an office|den with a desk, home study||office|home, work|n
children's room|2.2|1.5|in|playroom, kids' bedroom, child's room, kid's room, toy room, child's bedroom,
  bedroom of a small child, room full of toys, boys' room|kids' room, play area||playroom, bedroom|home|n
nursery|2.3|.7|in|baby's room, infant room, day nursery, room with a cot, baby's bedroom|crib room|cot b,
  changing table b, rocking chair b|playroom|home|n
basement|2.6|2.5|in|cellar, storage cellar, utility basement, boiler room, house basement, cellar of a house,
  basement storage room, heating room, crawl cellar, underground room, utility room in a basement,
  unfinished basement, basement utility room with pipes, basement workshop corner, cluttered basement, furnace room,
  basement with shelves, storage basement, damp cellar|underground storeroom, cellar room||basement|storage|y
attic|2.7|1|in|loft, roof space, garret, attic floor, roof loft, attic storage, attic with sloping walls, roof room,
  loft with boxes|space under the roof, attic room|roof beam b, old trunk b|basement|storage|n
garage|3|3|in|home garage, car garage, single garage, double garage, carport, garage of a house, workshop garage,
  place for parking the car indoors, motorcycle garage, bicycle garage, garage with a car, garage with shelves,
  cluttered garage, residential garage, garage interior, two-car garage, bike garage, motorbike garage|lock-up,
  garage for two cars||garage|storage|y
laundry room|1.9|1|in|utility room, wash house, laundry, room with washing machines, laundrette, drying room,
  laundry area, room with a washer and a dryer|washing room|ironing board b, washing machine b, tumble dryer b,
  laundry basket c, detergent bottle c|bathroom|wet|n
storage closet|1.3|1|in|broom cupboard, storeroom cupboard, walk-in pantry, pantry, closet, store cupboard,
  cleaning cupboard, walk-in closet, storage cupboard, supply closet, utility closet, wardrobe interior, storage room,
  junk room|larder, box room|broom c, vacuum cleaner c, bucket c, mop c|basement|storage|n
office|2.7|4|in|office room, workplace, company office, business office, shared office, cubicle, office interior,
  workspace, corner office, room with office desks, computer office, office with desks, office with a window,
  private office, office cubicle, manager's office, staff office, professor's office, office space,
  secretary's office, office with filing cabinets|bureau room, administrative office||office|work|y
open-plan office|5|1.5|in|open office floor, cubicle farm, office floor with many desks, office hall with many desks,
  co-working space, trading floor, newsroom, office floor with rows of desks, shared workspace, start-up office|
  open workspace floor, call centre|row of desks b, office partition b, meeting booth b|office|work|n
meeting room|3.2|1.5|in|conference room, boardroom, seminar room, briefing room, room with a long table,
  video conference room, meeting space, video meeting room, huddle room, project room, room with a conference table|
  discussion room, council room|conference table b, projection screen b, flip chart b, video screen b|office|work|y
classroom|3.8|3|in|schoolroom, school classroom, teaching room, class, lesson room, elementary school class,
  room with school desks, training room, computer classroom, school class, kindergarten classroom, college classroom,
  room with rows of desks, tutorial room, language classroom, art classroom, classroom with a blackboard|
  room of a school, pupils' classroom||school|work|y
lecture hall|8|2|in|lecture theatre, auditorium of a university, university lecture room, university auditorium,
  lecture auditorium, hall with rows of seats, amphitheatre, lecture room, university lecture hall,
  college auditorium, tiered lecture room|raked lecture auditorium||lecture|hall, work|y
library|3.6|2|in|public library, university library, reading room, book hall, municipal library, school library,
  library hall, room full of bookshelves, study area of a library, library reading area, library interior,
  room lined with bookshelves, town library|reading hall, bookroom||library|home, work|y
hotel room|2.5|2|in|guest room, motel room, hostel room, hotel bedroom, holiday apartment room,
  hotel bedroom with two beds, room in a hotel, twin room in a hotel, bed-and-breakfast room|inn room, hotel suite|
  minibar b, luggage rack b, television b|bedroom|home|n
hospital ward|3|1.5|in|hospital room, patient room, sickroom, ward, hospital bedroom, intensive care room,
  treatment room, room with hospital beds, doctor's room, room in a hospital, examination room, doctor's surgery,
  medical examination room, doctor's office, hospital bedside area, nursing-home room, recovery room,
  emergency room bay|clinic room||hospital|wet, work|y
operating theatre|2.6|1|in|operating room, surgery room, surgical suite, room for operations, hospital theatre,
  operating room of a hospital, surgery theatre|surgical theatre|operating table b, anaesthesia machine b,
  surgical lamp s, surgeon c|hospital|wet|y
laboratory|2.6|1.5|in|lab, chemistry laboratory, research laboratory, science room, physics laboratory,
  biology laboratory, cleanroom, lab room, chemistry lab, biology lab, electronics lab, physics lab, university lab,
  testing laboratory, hospital laboratory, laboratory room with benches|research lab||lab|work|y
waiting room|3.4|1|in|doctor's waiting room, reception, lobby of a practice, waiting lounge, reception area, lobby,
  waiting area of a clinic, hotel reception, office reception, lounge of an office, clinic reception|waiting area|
  row of chairs b, magazine table b, reception desk b, aquarium b|office|work|n
café|3|1.5|in|coffee shop, coffee house, bistro, cafeteria, coffee bar, ice-cream parlour, snack bar, bakery,
  coffee bar interior, tearoom, café interior, cake shop, sandwich bar, juice bar|tea room, espresso bar||cafe|home|y
restaurant|3.4|1.5|in|dining restaurant, pizzeria, canteen, diner, dining hall, inn, fast-food restaurant, pub,
  sushi restaurant, family restaurant, Italian restaurant, restaurant interior, steak house, tavern, school canteen|
  eatery, brasserie|laid table b, wine rack b|cafe|home|n
shop|3.2|1.5|in|clothes shop, boutique, store, retail store, shop interior, gift shop, sales room, kiosk,
  boutique interior, convenience store, corner shop, clothing store, phone shop, toy shop, souvenir shop,
  shop with shelves, hardware shop, drugstore, liquor store|shoe shop, fashion store||shop|work|y
bookshop|3|.8|in|bookstore, book store, second-hand bookshop|bookseller's|bookshelf b, table of bestsellers b,
  cash register b|library|home|n
supermarket|4.2|2|in|grocery store, food store, grocery, discount supermarket, market hall, food market, superstore,
  self-service store, fruit and vegetable section, produce section, supermarket hall, grocery section of a store,
  supermarket interior|hypermarket, grocer's||supermarket|aisle|y
furniture showroom|3.6|.8|in|furniture store, furniture shop, sofa shop|home furnishing store|sofa b, bed b,
  price tag b, armchair b|living|hall|n
gym|4.5|1|in|fitness studio, fitness centre, weight room, workout room, fitness room, training centre,
  gym with machines, hotel gym, room with fitness machines, weight-lifting room|health club||gym|hall|y
sports hall|12|1|in|gymnasium, indoor basketball court, indoor sports arena, handball hall, indoor stadium,
  gym hall of a school, school gym hall, indoor tennis court, badminton hall|PE hall, indoor court||sportshall|hall|y
workshop|2.8|2.5|in|carpenter's workshop, metal workshop, repair shop, joinery, mechanic's workshop, wood shop,
  machine shop, tool room, forge, car repair shop, atelier, woodworking shop, bike repair shop, bicycle workshop,
  fab lab, hobby workshop, maintenance shop, workshop with tools, metalworking shop, electronics workshop,
  blacksmith's shop|makerspace, craftsman's shop||workshop|storage, tools|y
warehouse|9|2.5|in|storage hall, distribution centre, logistics hall, storehouse, depot, warehouse hall, goods depot,
  storage building, freight hall, warehouse interior, logistics centre, fulfilment warehouse, storage warehouse,
  warehouse with pallet racks, parcel centre, sorting hall, cold store, goods warehouse|fulfilment centre,
  stockroom hall||warehouse|hall|y
factory hall|11|2|in|factory, production hall, manufacturing plant, assembly hall, plant floor, works hall,
  machine hall, steelworks, car plant, industrial building, manufacturing hall, factory floor,
  industrial hall with machines, shop floor of a factory, production line hall, bottling plant, packaging plant,
  automobile factory, paper mill, textile mill|shop floor of a plant, industrial hall||factory|hall|y
swimming hall|12|.8|in|indoor swimming pool, swimming baths, indoor pool, swimming pool hall, public pool, pool hall|
  natatorium, aquatic centre||pool|hall|y
museum gallery|5.5|1|in|museum, art gallery, exhibition room of a museum, exhibition room, museum hall,
  picture exhibition, gallery of paintings, art museum, natural history museum, gallery room, science museum|
  picture gallery||museum|hall|y
church|11|1|in|chapel, parish church, church nave, church interior, house of worship, mosque, temple hall,
  church with pews, church hall, synagogue, monastery church|place of worship, village chapel||church|grand|y
cathedral|22|1|in|minster, gothic cathedral, basilica, big city church, dome, cathedral nave|great abbey church|
  rose window b, nave column c, high altar b|church|grand|n
concert hall|17|.8|in|opera house, philharmonic hall, theatre auditorium, opera auditorium, theatre hall, music hall|
  symphony hall, playhouse||auditorium|grand|y
cinema|10|.8|in|movie theatre, film theatre, multiplex auditorium, film auditorium, movie house, film hall|
  picture house|cinema screen b, cinema seat b, projector b|auditorium|hall|n
station concourse|18|1|in|railway station hall, train station hall, central station hall,
  main hall of a railway station, station hall|rail terminus hall||terminal|grand|n
airport terminal|18|1|in|departure hall, airport hall, check-in hall, terminal building, airport building,
  air passenger hall, airport departures area|air terminal, arrivals hall|baggage belt b, check-in desk b,
  departure board b, gate counter b|terminal|grand|y
exhibition hall|22|1|in|trade fair hall, convention hall, expo hall, trade show hall, fair hall, exposition hall,
  show hall|fairground hall, congress hall||expo|hall, grand|y
aircraft hangar|42|1.2|in|airplane hangar, hangar, airship shed, hall for airplanes, aeroplane hangar,
  airline maintenance hall, zeppelin hall, hangar for jets|aviation shed, aerodrome hangar||hangar|hall, grand|y
barn|7.5|.8|in|cowshed, hay barn, stable, farm shed, cattle shed, horse stable, farm building|byre||barn|storage|n
greenhouse|4|.8|in|glasshouse, hothouse, conservatory, greenhouse with plants, nursery greenhouse, polytunnel|
  plant house||greenhouse|storage|n
server room|2.6|.8|in|data centre room, computer room, IT room, room with server racks, telecom room|
  machine room with servers||server|work|n
lift cabin|1.2|.7|in|elevator, lift, elevator car, elevator cabin, lift car, inside of an elevator, lift interior|
  passenger elevator|lift button b, floor indicator b|cramped|work|n
tent|1.4|.7|in|camping tent, two-man tent, igloo tent, inside of a tent|bivouac|sleeping bag c, camping lamp c,
  rucksack b, air mattress b|cramped|home|n
camper van|1.7|.7|in|caravan interior, motorhome, mobile home|recreational vehicle|bench seat b, folding table b,
  gas stove c|cramped|home|n
car interior|.9|1|in|car cabin, inside of a car, driver's cab, inside of an automobile, front seats of a car,
  cockpit of a car, inside of a taxi, driver's seat of a car, car dashboard, back seat of a car, truck cab|
  vehicle interior||carinside|work|y
cave chamber|8|.7|in|cave, grotto, cavern|dripstone cave||cave|walls|n
underground car park|8|1.5|in|parking garage, multi-storey car park, parking deck, indoor car park, basement car park,
  car park deck, underground garage, underground parking, indoor parking garage, basement parking, parking level,
  parking structure|parkade, indoor parking level||deck|hall, storage|y
doll's house bedroom|.25|1.6|in|dollhouse bedroom, bedroom of a doll's house, doll bedroom, toy bedroom,
  bedroom in a dollhouse, toy house bedroom, doll-sized bedroom|miniature bedroom for dolls|doll's bed b,
  doll-sized wardrobe b|dollhouse|mini|y
doll's house kitchen|.25|1.3|in|dollhouse kitchen, kitchen of a doll's house, toy kitchen for dolls,
  kitchen in a dollhouse, toy house kitchen, doll-sized kitchen|miniature kitchen for dolls|toy refrigerator b,
  dollhouse stove b|dollhouse|mini|y
doll's house living room|.27|1.3|in|dollhouse parlour, living room of a doll's house, toy living room,
  living room in a dollhouse, dollhouse lounge, dollhouse sitting room, dollhouse, doll's house|
  miniature sitting room for dolls|dollhouse sofa b, toy piano b|dollhouse|mini|y
shoe box room|.22|1.2|in|shoe box, shoe box diorama, room built in a shoe box, cardboard shoe carton,
  carton that held shoes, diorama in a shoe box, shoe carton with paper furniture|shoebox scene||shoebox|mini|y
matchbox diorama|.05|1|in|matchbox, scene in a matchbox, matchbox theatre, tiny diorama in a matchbox,
  matchbox with figurines, scene built in a box of matches|room inside a matchbox||matchbox|mini|y
aquarium|.42|1.3|in|fish tank, aquarium tank, home aquarium, goldfish tank, tank with goldfish, fishbowl,
  freshwater aquarium, fish aquarium|glass tank with fish||aquarium|glass|y
terrarium|.42|.9|in|vivarium, hamster cage, reptile tank, small animal cage, hamster home, lizard tank,
  guinea-pig cage|rodent cage||cage|glass|y
kitchen cupboard|.5|1|in|pantry cupboard, cupboard shelf, food cupboard, wall cupboard, open cupboard,
  cupboard with dishes, cabinet with groceries, open kitchen cabinet|dresser compartment||cupboard|surface|y
open fridge|.55|1|in|fridge, inside of a fridge, fridge compartment, refrigerator interior, opened refrigerator,
  open refrigerator, fridge with food, fridge shelf|icebox interior|bottle of milk c, piece of cheese b,
  vegetable drawer b|cupboard|surface|n
drawer|.33|1|in|open drawer, desk drawer, pulled-out drawer, kitchen drawer, sock drawer, drawer of a desk,
  tool drawer, drawer with cutlery, cutlery drawer, open kitchen drawer, filing drawer|dresser drawer||drawer|surface|
  y
jewellery box|.13|.8|in|jewelry box, ring case, trinket box, case for rings, jewel box, watch box|jewel casket|ring c,
  earring s, necklace c, pearl s, brooch b|watch|fine|y
bird box|.16|.7|in|nest box, birdhouse, nesting box|bird's nesting house|bird's nest s, egg s, chick s, feather b||
  mini|n
cardboard box|.5|1|in|open carton, moving box, packing box, parcel box, opened parcel, delivery box, cardboard carton,
  open cardboard box, box full of packing material|shipping carton|crumpled paper s, book b, bubble wrap roll c,
  folded jumper b|shelf|surface|n
car boot|.95|.8|in|car trunk, boot of a car, luggage space of a car, luggage compartment, trunk of a car|
  tailgate compartment||boot|surface|n
toy theatre|.45|.8|in|puppet theatre, paper theatre, puppet stage|marionette stage|hand puppet c, paper curtain b,
  cardboard figure b, painted backdrop b||mini|y
architect's room model|.33|.8|in|architectural model of a room, interior scale model, foam-board model of a room|
  maquette of an interior|foam-board wall b, paper chair b, balsa table b, plastic figure c|shoebox|mini|y
room corner|2|1|in|corner of a room, corner with a chair, empty room, room, bare room, indoor scene,
  room with white walls, unfurnished room, indoor space, room of a house, room with a carpet, interior of a house|
  nook of a dwelling, vacant chamber|door b, radiator b, chair b, cardboard box b, coat stand c, floor lamp c|living|
  home|n
studio flat|2.7|1|in|bedsitter, bedsit, studio apartment, apartment, flat, student flat, loft apartment,
  apartment interior|single-room dwelling, pied-à-terre|kitchenette b, sofa bed b, bed b|living, kitchen|home|n
break room|2.9|1|in|staff kitchen, office kitchen, tea kitchen, staff room, pantry of an office, coffee corner,
  lunch room of a company, common room|employees' lounge, rest room for staff|vending machine b, coffee machine b,
  dining table b|kitchen, cafe|work|n
copy room|2|.6|in|printer room, photocopying room, post room, mail room, printing corner|reprographics room|
  photocopier b, printer b, paper shredder b, stack of paper b|office|work|n
robotics lab|2.8|1.2|in|robot laboratory, robot lab, engineering lab, mechatronics lab, robot cell, research lab room,
  prototyping lab, drone lab, automation lab|robot research room, android workshop|robot arm c, mobile robot b,
  3D printer b, oscilloscope b, tool trolley b, safety fence b|lab, office|work|y
control room|3.2|.8|in|surveillance room, security room, monitoring centre, dispatch room, operations room,
  control centre|command post|wall of screens b, control desk b, operator c, office chair c, computer monitor b|
  office|work|n
plant room|2.8|.8|in|machine room, technical room, boiler house, pump room, electrical room, switch room,
  mechanical room, engine room|equipment room, machinery space|pump c, switch cabinet b, pressure gauge c, boiler c,
  valve wheel c, generator b|basement|storage|y
changing room|2.8|.8|in|locker room, cloakroom, dressing room, fitting room, staff changing room|robing room|locker b,
  bench b, coat hook c, gym bag b, mirror b, towel b|bathroom|wet|n
public toilets|2.4|.7|in|men's toilets, ladies' toilets, toilet block, washroom of a station|comfort station|urinal b,
  washbasin s, hand dryer b, mirror b, toilet door b|bathroom|wet|n
art studio|2.8|.8|in|painter's studio, artist's studio, sculptor's studio, pottery, ceramics studio|artist's garret|
  easel b, canvas b, clay bust s, pottery wheel c, paint shelf b|school|storage|n
music room|2.9|.8|in|rehearsal room, practice room, recording studio, band room, home studio|jam space|drum kit c,
  upright piano b, guitar b, amplifier b, microphone stand c, music stand b, keyboard stand b|school|home|y
hair salon|2.9|.8|in|barber shop, hairdresser's, beauty salon, barbershop, nail studio|coiffeur's|barber chair b,
  salon mirror b, hair dryer hood s, shampoo basin s, product shelf b|shop|work|y
dental surgery|2.1|.7|in|dentist's room, dental practice, dentist's treatment room, orthodontist's room|tooth clinic|
  dentist chair b, dental lamp s, instrument tray b, spittoon c, X-ray arm c|hospital|wet|n
kindergarten room|3|.8|in|day-care room, nursery school room, playgroup room, preschool classroom|crèche|low table b,
  tiny chair b, toy kitchen b, toy shelf b, play mat b, crawling tunnel c|playroom|home|n
restaurant kitchen|2.8|.9|in|commercial kitchen, canteen kitchen, hotel kitchen, professional kitchen,
  kitchen of a restaurant|catering kitchen|steel worktop b, gas range b, extractor hood b, chef c, stock pot c,
  steel shelf b, fryer b|kitchen|wet|n
shed|1.9|.9|in|garden shed interior, tool shed, wooden shed, bike shed, hut, log cabin interior, potting shed|
  outhouse, lean-to|lawnmower b, rake b, spade c, flower pot c, bicycle b, wooden plank b|garage|storage, tools|n
car repair garage|4.2|.9|in|auto repair shop, car service station, tyre shop, mechanic's garage, car workshop,
  vehicle inspection hall|automobile repair bay|car on a lift b, tyre stack c, tool trolley b, engine hoist c,
  oil barrel c, compressor c|garage|storage, tools|n
hotel lobby|5.5|1|in|lobby of a hotel, office lobby, building lobby, foyer, atrium, entrance lobby of a company,
  theatre foyer|vestibule of a grand hotel|reception desk b, lobby sofa b, luggage trolley b, chandelier s,
  revolving door c, potted palm c, stone column c|terminal|hall|n
food court|7|.8|in|food hall, cafeteria hall, university canteen, mess hall, dining hall of a school, refectory|mensa|
  tray rack b, plastic table b, plastic chair b, food counter b, menu screen b, diner seat b|cafe|hall|n
bank branch|4|.6|in|bank, savings bank, bank counter hall, post office, ticket office|branch of a bank|cash machine b,
  service counter b, queue barrier c, brochure stand b, customer c|office|work|n
pharmacy|3.2|.7|in|chemist's, drug store counter, dispensary|apothecary|medicine shelf b, pharmacist c,
  display of creams b, drawer cabinet b, service counter b|shop|work|n
bowling alley|9|.6|in|bowling hall, bowling lane, skittle alley|tenpin hall|bowling lane b, bowling ball s,
  bowling pin c, ball return b, score screen b|sportshall|hall|n
ice rink|17|.6|in|skating rink, ice hockey hall, ice stadium|skating arena|hockey goal b, skater c, ice machine b,
  rink board b, penalty bench b|sportshall|hall|n
prison cell|1.8|.7|in|cell, jail cell, monk's cell, holding cell|dungeon|metal bunk b, steel toilet c,
  barred window b, stool c, thin mattress b|cells|passage|n
ship cabin|1.8|.7|in|cabin of a ship, sleeper compartment, yacht cabin, cabin with bunk beds,
  sleeping car compartment|stateroom|bunk bed b, porthole c, folding desk b, life jacket b, reading lamp c|bedroom|
  home|n
sauna|1.6|.5|in|sauna cabin, steam room, wooden sauna|sweat lodge|sauna stove b, wooden bucket c, sauna bench b,
  towel b, ladle c|bathroom|wet|n
balcony|2.4|1|on|veranda, porch of a house, loggia, balcony with plants, covered terrace, sun room, balcony of a flat|
  small sundeck|balcony railing b, flower box b, folding chair b, parasol c, deck chair b|garden|houses, open|n
hardware store|4.2|.8|in|DIY store, builders' merchant, home improvement store, garden centre, timber store|
  ironmonger's|shelf of tools b, paint can c, stack of planks b, trolley b, bag of cement b, bathtub display b|
  supermarket|aisle|n
chair seen up close|1.2|1|in|armchair seen up close, chair, sofa seen up close, single chair, wooden chair in a room,
  office chair in front of a wall, a seat by the wall|lone seat|chair b, cushion b, side table c, throw blanket b,
  floor lamp c|living|home|n
room with somebody close by|1.4|1.2|in|room with a person close to the camera, person in front of the camera,
  man sitting at a table, woman at a desk, person sitting on a sofa, person holding something, child at a table,
  interview scene, video call|somebody seated close by|chair b, mug c, laptop b, picture frame b, bookcase b|living,
  office|home, work|n
backpack|.4|.7|in|open backpack, school bag, open bag, handbag, rucksack with books, laptop bag|satchel|book b,
  water bottle c, pencil case b, lunch box b, umbrella c, purse b||surface|n
suitcase|.6|.8|in|open suitcase, packed suitcase, travel bag, case with clothes|portmanteau|folded shirt b,
  pair of socks s, toilet bag b, shoe b, book b, charger b||surface|n
oven|.5|.7|in|inside of an oven, open oven, microwave interior, open microwave, baking oven|roasting chamber|
  roast chicken s, baking tray b, cake c, casserole c, pizza c, oven rack b||surface|n
dishwasher|.6|.8|in|open dishwasher, dishwasher rack, dishwasher basket, rack with plates|dish-cleaning machine|
  plate c, cup c, glass c, fork b, bowl s, saucepan c||surface, wet|n
washing machine drum|.45|.6|in|inside of a washing machine, dryer drum, drum with laundry|laundry drum|sock s,
  wet towel b, T-shirt b, rubber seal c||pipe, wet|n
locker|.6|.6|in|open locker, metal locker interior, gym locker, parcel locker|stowage compartment|gym bag b, shoe b,
  jacket b, water bottle c, padlock s||surface|n
computer case|.35|.8|in|inside of a computer, open computer, PC case, computer tower, server case|chassis of a PC|
  graphics card b, fan c, hard disk b, power supply b, ribbon cable b, memory module b|chip|fine|n
3D printer|.35|.8|in|inside of a 3D printer, print bed, printing chamber, desktop 3D printer|
  additive manufacturing box|printed part b, filament spool c, print head b, plastic vase c, printed gear c||fine|n
fume hood|.8|.6|in|glove box, safety cabinet interior, isolator, biosafety cabinet|extraction cabinet|beaker c,
  pipette c, test-tube rack b, bottle of acid c, rubber glove b|labbench|wet|n
engine bay|.75|.9|in|car engine, open bonnet, engine compartment, under the hood of a car, motor of a car,
  engine of a truck|powerplant of an automobile|car battery b, radiator hose c, oil cap c, air filter box b,
  coolant tank b, spark plug c, alternator c||fine, pipe|n
""",
    "corridor": """
hotel corridor|4|3|in|hotel hallway, hotel passage, corridor of a hotel, hotel floor with many doors,
  corridor with room doors, hotel aisle, long hallway of a hotel, hallway in a hotel, carpeted hotel hallway,
  motel corridor|hotel landing, guest-room hallway||hotel|passage|y
hospital corridor|4.5|3|in|hospital hallway, clinic corridor, corridor of a hospital, hospital passage, ward corridor,
  clinic hallway, corridor of a clinic, hallway of a clinic, nursing-home corridor, hospital hall,
  corridor with hospital beds|infirmary hallway||ward|passage|y
school corridor|5|3|in|school hallway, corridor of a school, school passage, hallway with lockers,
  school hall with lockers, locker corridor, kindergarten corridor, corridor in a school, hallway of a school,
  hallway with coat hooks|high-school hall, college hallway||schoolhall|passage|y
office corridor|3.8|3|in|office hallway, corridor of an office building, corridor, hallway, passageway, long corridor,
  long hallway, aisle between offices, company corridor, building corridor, hall, corridor with office doors,
  narrow corridor, empty corridor, indoor corridor, hallway of an office, hallway in a building, narrow hallway,
  bright corridor, corridor with doors, hallway with doors on both sides, passage inside a building,
  corridor in a laboratory building|office passage, business hallway|office door b, water cooler c, photocopier b|
  hall|passage|n
university corridor|4.5|1|in|university hallway, faculty corridor, institute corridor|campus hallway|
  seminar-room door b, poster board b, locker b|hall|passage|n
apartment hallway|2.4|2|in|flat hallway, hallway of a flat, home hallway, hall of an apartment, flat entrance,
  inner hallway, narrow home corridor, landing of a house, hallway in an apartment, narrow hallway of a house,
  corridor of a flat, home corridor, upstairs hallway|entryway of a flat, flat corridor||home|home|y
entrance hall|2.4|1.5|in|foyer of a house, house entrance, front hall, vestibule, entrance area, entrance of a house,
  hall of a house, lobby of a house, porch, hall with coats and shoes, house hallway by the front door, entry hall,
  mudroom|entryway||home|home|y
staircase|2.6|3|on|stairs, stairwell, flight of stairs, stairway, stair flight, staircase of a house, wooden stairs,
  stone stairs, spiral staircase, stairs leading up, stairs in a house, stairs going down, carpeted stairs,
  stairway with a railing, office stairs|steps between two floors, stairhead||stairs|passage|y
escape stairwell|2.8|.7|in|emergency stairs, fire stairs, concrete stairwell|emergency stairwell|exit sign b,
  fire door b|stairs|passage|n
supermarket aisle|4|2|in|grocery aisle, aisle of a supermarket, store aisle, aisle in a shop, aisle of groceries,
  shopping aisle, supermarket shelves, grocery shelves, aisle with drinks, aisle in a grocery store, drugstore aisle,
  aisle of a shop|food-store aisle||supermarket|aisle|n
library aisle|3|1|in|aisle between bookshelves, row of bookshelves, book stacks, aisle in a library, library stacks,
  shelves of books on both sides|bookcase alley|bookshelf b, library ladder b, step stool b, shelf of books b,
  stack of books b||aisle|n
warehouse aisle|7.5|1.5|in|aisle between pallet racks, storage aisle, high-bay aisle, aisle of a warehouse,
  corridor between high racks, aisle in a distribution centre, aisle of a storehouse, narrow warehouse aisle,
  aisle between storage racks, aisle between shelves full of boxes, logistics aisle, picking aisle|racking lane||
  warehouse|hall, aisle|n
server aisle|3|.8|in|data centre aisle, aisle between server racks, row of server racks|server lane||server|aisle|n
archive corridor|3|.6|in|archive aisle, records store, file store aisle|document vault|archive shelf b,
  box of files b, mobile shelving unit b, filing cabinet b||aisle|n
basement corridor|3.4|1|in|cellar corridor, cellar passage, basement passage|cellar hallway|heating pipe c,
  fuse box b, cellar door b, bicycle b||storage|n
ship corridor|3.2|.7|in|ship's passageway, ferry corridor, companionway on a ship|below-deck gangway|porthole c,
  cabin door b, lifebuoy c, bulkhead door b||passage|n
train carriage|3.8|1.2|in|railway carriage, train compartment aisle, train car, tram interior, railway coach,
  passenger train interior, metro car, subway car|railcar||carriage|passage|y
bus interior|3.4|1|in|inside of a bus, bus aisle, coach interior, interior of a bus, city bus inside,
  minibus interior|passenger bus cabin|bus seat b, grab pole c, driver's seat b, stop button s|carriage|passage|n
aircraft cabin|4|1|in|airplane cabin, plane aisle, cabin of an airliner, passenger cabin, airplane interior,
  inside of a plane|jet's passenger cabin|aircraft seat b, overhead locker b, drinks trolley b, cabin crew member c|
  carriage|passage|n
underground station|9|1.2|in|metro station, subway station, tube station platform, underground platform,
  subway platform, metro platform, underground railway stop|rapid-transit station||platform|tunnel|y
pedestrian underpass|6.5|1.2|in|pedestrian tunnel, foot tunnel, underpass, subway under the road, pedestrian subway,
  passage under a road, tunnel for pedestrians|walkway beneath the road|graffiti wall b, pedestrian c, bicycle b,
  handrail c, tunnel lamp b||tunnel|n
prison corridor|5.5|.7|in|jail corridor, cell block, prison wing|penitentiary hallway||cells|passage|n
cloister|7|.7|in|monastery walk, arcade of a monastery, cloister walk|abbey arcade||cloister|grand|n
museum corridor|6|.8|in|museum passage, long gallery, gallery corridor|museum hallway|oil painting b, plinth b,
  sculpture c|museum|passage|n
shopping arcade|11|1.2|in|shopping mall, mall walkway, shopping centre, mall, indoor shopping street,
  shopping passage, department store, arcade with shops|galleria|shop window b, escalator b, shopper c,
  advertising pillar c, kiosk b, palm c, information desk b||grand|n
airport concourse|16|.8|in|airport pier, gate corridor of an airport, long terminal walkway, airport corridor,
  airport walkway, hall with airport gates|moving-walkway hall|moving walkway b, gate counter b, row of seats b,
  departure board b, traveller c||grand|n
factory corridor|6.5|.6|in|plant corridor, industrial corridor, service corridor of a factory|works passage|
  control cabinet b, steel door b, pipe rack b, forklift b||hall|n
doll's house corridor|.28|1.2|in|dollhouse corridor, dollhouse hallway, hallway of a doll's house,
  corridor in a dollhouse, toy house hallway|toy-house passage|dollhouse door b, thimble-sized chair b, doll s,
  postage-stamp rug b, bead lampshade s||mini|y
doll's house staircase|.2|.9|on|dollhouse stairs, stairs of a doll's house, matchstick staircase|toy-house stairs|
  matchstick banister c, doll s, postage-stamp rug b, thimble-sized chair b||mini|y
mouse maze|.3|1|in|rat maze, laboratory maze, maze for mice, cardboard maze, labyrinth for mice, maze for a rat,
  toy maze|rodent labyrinth||mouse|mini|y
laboratory corridor|4.2|.7|in|corridor of a research institute, institute hallway, corridor in a factory office,
  basement of an institute|scientists' hallway|gas cylinder c, lab door b, eyewash station c, poster board b,
  notice board b|hall|passage|n
storage unit corridor|4.5|.6|in|self-storage corridor, corridor with storage units, corridor of cellar compartments|
  lock-up hallway|roller door b, padlocked door b, hand cart b, cardboard box b||passage, storage|n
jet bridge|6|.6|in|passenger boarding bridge, airbridge, gangway to the plane, covered gangway|boarding tunnel|
  traveller c, trolley case b, handrail c, window b, wall poster b||passage|n
backstage corridor|4|.5|in|corridor behind the stage, theatre corridor, arena corridor|wings passage|costume rack b,
  flight case b, fire extinguisher c, dressing-room door b|hall|passage|n
hedge maze|5|.5|in|garden maze, path between hedges, maze of hedges|labyrinth of yew|hedge b, park bench b, statue c,
  bush s||rural|n
orchard row|6|1|in|row of apple trees, orchard, apple orchard, row in an orchard, fruit orchard, cherry orchard,
  path between fruit trees, olive grove, orange grove, row of fruit trees|pear plantation, alley of fruit trees|
  apple tree c, crate of apples b, ladder b, tractor b, wooden post c, grass strip b||rural|n
vineyard row|5|.8|in|vineyard, row of vines, path between vines, vine rows, hop garden, grape plantation|
  winegrower's plot|vine c, wooden post c, bucket of grapes c, tractor b, wine picker c||rural|n
greenhouse aisle|4|.7|in|aisle in a greenhouse, row of tomato plants, aisle between plants, aisle of a plant nursery,
  hydroponic rows|glasshouse lane|tomato plant c, cucumber plant c, heating pipe c, picking cart b, planter b|
  greenhouse|rural|n
maize row|2.2|.6|in|row of maize, corn row, crop row, corn field path, path in a corn field, sunflower row|
  maize alley|corn plant c, sunflower c, clod of earth s, stake c||rural|n
cow stall aisle|6.5|.6|in|aisle of a cowshed, stable aisle, pig barn aisle, milking parlour, horse stable aisle|
  livestock lane|cow b, horse b, feeding trough b, hay bale c, milking machine c, stall gate b|barn|storage|n
path between walls|5|.6|in|walled path, steps between houses, footpath between walls, narrow pathway,
  passage between two buildings|walled footway|brick wall b, drainpipe c, bicycle b, stone step b, wall lamp c|alley|
  walls|n
pipe gallery|4|.5|in|corridor full of pipes, basement corridor with pipes, cable gallery|conduit gallery|
  heating pipe c, valve wheel c, cable tray b, lamp c||tunnel, storage|n
""",
    "street": """
residential street|11|4|on|suburban street, neighbourhood street, quiet side street, street with family houses,
  street, street in a housing area, street of detached houses, road in a neighbourhood, suburb, housing street,
  cul-de-sac, side road, street of terraced houses, street in a suburb, narrow residential street,
  street lined with houses, neighbourhood road, street with parked cars, suburban road, street with trees and houses,
  residential road, housing estate street, leafy street, quiet street|housing-estate road, suburban lane||street|
  houses|y
city road|11.5|4|on|city street, urban road, town street, two-lane road, main street, inner-city road, road,
  big-city road, road in the city, street in the city centre, busy street, four-lane city road, city lane,
  asphalt road, downtown street, town centre, urban street, street in a city, city street with traffic,
  road with tram tracks, road in a town, road between buildings, street in front of buildings, street with shops,
  road with cars, multi-lane city road, street with one-way traffic, street downtown, city centre street,
  wet city street, busy road, street with buses, road with a bus lane|downtown road, high street||city|town|y
crossroads|13.5|2|at|road junction, street intersection, intersection, junction with traffic lights, crossing,
  signalled junction, road crossing, street corner, city intersection, busy intersection, wide intersection,
  intersection with traffic lights, pedestrian crossing, road with a zebra crossing, T-junction, street junction,
  level crossing|four-way junction||city|town|n
boulevard|15|1|on|avenue, wide avenue, tree-lined avenue, promenade, broad avenue, ring road, wide road,
  wide city road, wide street, broad street with trees, dual-lane avenue, main avenue|parkway|tram b, street tree c|
  city|town|n
motorway|22|3|on|highway, freeway, expressway, dual carriageway, three-lane motorway, turnpike, fast road,
  multi-lane highway, superhighway, six-lane highway, national highway, express road, highway with traffic,
  motorway with lorries, highway lane, busy freeway, motorway exit, highway ramp|autobahn, interstate||motorway|
  highway|y
country road|15|2|on|rural road, country lane, road through fields, farm road, country highway, road between fields,
  road in the country, gravel road, landscape with a road, narrow country road, road through a forest, dirt road,
  road in the hills, mountain road, field track, straight country road, road along meadows, unpaved road|
  B-road in the countryside, backroad||country|rural|y
alley|6|2|in|back alley, alleyway, narrow lane between houses, backstreet, passage between buildings, service alley,
  back street, lane behind the houses, narrow alley, narrow passage between houses, alley behind a restaurant,
  backyard passage, courtyard alley|gangway between houses, snicket||alley|walls|y
old town lane|8|1|in|cobbled lane, medieval lane, old town street, lane in the old town, historic street,
  cobblestone street, narrow old street, cobbled street, pedestrian lane, narrow street with cafés|historic side lane|
  café table c, half-timbered house b, flower tub c, stone arch b, bicycle b||walls, houses|n
car park|10|2.5|in|parking lot, parking area, open car park, supermarket parking lot, car parking area,
  parking lot of a store, outdoor car park, place with parked cars, parking lot with cars,
  parking area in front of a shop, row of parked cars, parking spaces, company parking lot, hotel car park,
  parking lot of an office|parking place, car lot|parked car b, van b, ticket machine b, lamp post c,
  shopping trolley b, tree c, parked motorcycle b||town, open|y
construction site|10|2.5|on|building site, road works, building plot, site of a new building, site with excavators,
  building works, roadworks site, excavation pit, site under construction, street under construction,
  building under construction, construction area, site with a crane, road construction, construction work,
  sand pit of a building site|construction zone, works site||site|open, town|y
pedestrian zone|11|1.5|in|pedestrian street, shopping street, pedestrian precinct, shopping street with people,
  pedestrian mall, crowded shopping street, walkway with shops, plaza with shops|walking street|shop front b,
  pedestrian c, park bench b, lamp post c, bicycle b, café parasol c, flower tub c|city|town|n
street market|5.5|1.2|at|market, open-air market, farmers' market, flea market, market place with stalls,
  weekly market, row of market stalls, vegetable market, market with stalls, fruit market, Christmas market,
  fish market|bazaar||market|town|n
town square|20|1.2|on|market square, plaza, piazza, main square, central square, square in the city, marketplace,
  public square, city square, open square with a fountain, square with people|city plaza||square|town|n
roundabout|15|.8|at|traffic circle, traffic island, rotary junction, circular junction, road roundabout|gyratory|
  traffic sign c, car b, lorry b, cyclist c||town|n
bridge|17|.8|on|road bridge, bridge deck, river bridge|viaduct|bridge pillar c, railing b, car b, cyclist c,
  lamp post c||highway, open|n
village street|11|1|in|village road, road through a village, hamlet street|main road of a village|farmhouse b,
  church tower c, stone wall b, tractor b, parked car b|street|houses|n
driveway|6.5|1|in|front yard, garage driveway, drive of a house, driveway of a house, front garden,
  house with a driveway, garage entrance|forecourt of a house|parked car b, garage door b, mailbox b,
  basketball hoop b, wheelie bin b, hedge b||houses|n
back garden|5.5|2|in|garden, backyard, patio, yard, house garden, garden behind the house, terrace,
  lawn behind the house, garden with a lawn, lawn, inner courtyard, house terrace, backyard with a fence,
  vegetable garden, yard of a house|rear lawn, allotment||garden|open, houses|y
park|10|1.5|in|city park, public garden, park lawn, green park, public park, park with trees, park path,
  path through a park, lawn in a park, park with benches, grassy park, botanical garden, meadow with trees|
  municipal gardens||park|open|n
playground|8|1.2|on|children's playground, play park, schoolyard, playing area, outdoor playground, school playground,
  playground with slides, school yard, playground in a park|kids' play area outdoors||play|open|y
petrol station|10|1|at|gas station, filling station, service station, fuel stop, petrol garage,
  charging station forecourt, petrol pumps, gas station forecourt, motorway service area|fuel station||fuel|town|y
railway platform|11|1|on|train platform, station platform, open-air platform, railway station platform,
  platform of a station|railhead platform||platform|open|n
tram stop|9|.8|at|bus stop, tram station, bus station, bus shelter, bus stop at a street|streetcar stop|tram b, bus b,
  shelter b, passenger c, ticket machine b, waste bin c||town|n
harbour|28|1|at|port, harbor quay, marina, dock, harbour basin, ship pier, ferry port, seaport, harbour with boats,
  fishing port, boat harbour, yacht marina|wharf||harbour|open|y
industrial estate|15|1|on|industrial area, factory yard, loading yard, factory site, industrial zone, commercial area,
  factory grounds, loading area, industrial park, truck yard|business park|lorry b, shipping container b, chimney c,
  storage tank c, loading ramp b, forklift b||highway, town|n
runway|55|1|on|airport apron, airfield, taxiway, airport runway, airport tarmac, landing strip|aerodrome strip||
  airfield|open, highway|y
stadium|55|1.3|in|football stadium, sports stadium, athletics arena, sports arena, football arena, baseball stadium,
  athletics stadium|olympic stadium, soccer ground||stadium|grand, open|y
football pitch|32|1|on|soccer field, playing field, sports field, soccer pitch, football field, rugby field|
  football ground|goal b, corner flag c, football player c, referee c||open|n
race track|30|.7|on|racing circuit, motor-racing track, speedway, motor racing circuit, racecourse, formula one track,
  go-kart track|autodrome|racing car b, tyre stack c, grandstand b, pit wall b||highway|n
forest path|8|1.2|on|woodland path, forest trail, hiking trail, forest, woodland, path through a forest,
  footpath under trees, trail in the woods, trees in a forest, narrow forest path, forest floor with trees,
  jungle path, woods, forest clearing|track through the woods||forest|rural|y
farmyard|11|.8|in|farm, farm courtyard, yard of a farm, farmstead, agricultural yard, yard with a tractor, barnyard,
  farm with animals|homestead yard|tractor b, hay bale c, chicken s, cow b, manure heap s, barn b||rural|n
beach|14|.8|on|seaside, sandy beach, shore, ocean beach, sandy shore, seashore, coast, beach with sand, sea shore,
  lakeside beach|strand||beach|open|n
campsite|9|.8|on|camping ground, camp, campground|caravan park||camp|rural|n
canal path|14|.6|on|canal bank, towpath, riverside path|waterside walk|narrow boat b, lock gate b, willow c,
  fishing angler c||rural|n
ski slope|30|.6|on|ski run, piste, snowy hillside|skiing hill|skier c, ski lift pylon c, fir tree c, snow cannon c,
  mountain hut b||open|n
model railway street|.5|1.8|on|model railway town, model train layout, street on a model railway,
  model railway landscape, model railroad town, miniature railway landscape, toy train layout, model railroad,
  train set|toy railroad village||toystreet|toys|y
toy street|.45|1.6|on|toy town, toy road, street of toy houses, play-mat street, street on a play mat, toy city,
  toy village, street with matchbox cars|pretend street for toy cars||toystreet|toys|y
brick-toy town|.4|1|in|Lego street, city of plastic bricks, Lego town, street of plastic bricks, toy brick village,
  building-brick town|interlocking-brick city||bricktown|toys|y
model village|.9|.8|in|miniature village, scale-model town, miniature park, scale model of a village, model town|
  scaled-down village|model church b, waist-high house b, knee-high tree c, model windmill c||toys|n
war-game board|.6|.8|on|tabletop war game, battle game terrain, hobby battlefield|miniature-wargaming terrain|
  plastic soldier c, painted tank b, ruined model house b, lichen bush s||toys|y
architect's street model|.45|.8|on|architectural city model, urban planning model, balsa-wood city model,
  planner's city model, cardboard city model, scale model of a street|maquette of a city quarter|balsa block b,
  foam tree s, paper car b, acrylic tower b||toys|y
slot-car track|.6|.8|on|toy race track, slot racing set, toy car track, toy racing track, racing track for toy cars,
  electric toy racetrack|carrera-style set|slot car b, toy racing car b, plastic barrier b, hand controller b,
  plastic grandstand b||toys|y
street from a car|11.5|3|on|road seen from a car, view through a windscreen, dashcam view of a street,
  road ahead of the car, traffic on a street, traffic jam, street with traffic, lane behind a car,
  road with parked cars, city traffic, driving scene, autonomous driving scene, road scene, traffic scene,
  street scene|motorist's outlook, carriageway with vehicles|car b, van b, traffic light c, bus b, road sign c,
  lamp post c|city, street|town, houses|n
pavement|8.5|1.5|on|sidewalk, footpath beside a road, walkway, pavement in front of houses, sidewalk with pedestrians,
  kerbside, footway, sidewalk seen by a delivery robot, cycle path, bicycle lane|footwalk|pedestrian c, bicycle b,
  lamp post c, parked car b, wheelie bin b, park bench b, tree c|street|houses, town|n
campus path|9|1.2|on|university campus, campus, path on a campus, courtyard of a university, school grounds,
  company grounds, path between buildings, campus square, walkway on a campus|college grounds|student s,
  lecture building b, bicycle rack b, park bench b, lamp post c, tree c, notice board b|park|open, town|n
house front|9|1|in|in front of a house, front of a house, facade of a house, building facade, house entrance door,
  front of a building, facade with windows, brick building|frontage of a villa|front door b, window b, brick wall b,
  parked car b, flower pot c, garden gate b, tree c|street|houses|n
shop front|5.5|.8|at|storefront, shop window seen from outside, front of a shop, entrance of a store, café front|
  shop facade|shop window b, awning b, pedestrian c, sandwich board b, bicycle b, café table c|city|town|n
bicycle stand|4|.9|at|bike rack, row of bicycles, bicycle parking, bike stand, motorbike parking, parked motorcycles|
  cycle stand|bicycle b, motorcycle b, scooter b, bike lock c, bollard c, metal rack b||town|n
rear of a parked car|4.5|1|in|back of a car, car seen from behind, front of a car, side of a parked car, single car,
  car in front of a wall, sports car, parked car close by|motor car at close range|car b, number plate b, kerb b,
  traffic cone c, hedge b||houses, town|n
garden path|4.5|.9|on|garden with flowers, path in a garden, flower garden, rose garden, stone path, entrance path|
  garden walkway|flower bed b, bush s, garden gnome c, garden bench b, watering can c, stepping stone b|garden|open|n
courtyard|8|.8|in|yard of a block of flats, hospital courtyard, palace courtyard, castle courtyard,
  yard between buildings|quadrangle|bench b, tree c, wheelie bin b, bicycle b, fountain c, stone arch b|park|houses|n
loading dock|8|.8|at|delivery yard, loading bay, goods entrance, lorry ramp, truck dock|unloading bay|lorry b,
  pallet b, dock door b, forklift b, dock worker c, stack of pallets b||town|n
bus depot|14|.6|in|bus garage yard, coach station, tram depot, truck stop, lorry park|omnibus yard|bus b, coach b,
  lorry b, fuel pump c, washing bay b||town|n
level crossing road|13|.6|at|railway crossing, railroad crossing, road across the tracks|grade crossing|
  crossing gate c, warning light c, train b, rail b, car b|city|rural, town|n
railway tracks|18|.8|on|railway line, rail track, railroad tracks, tracks seen from a train, shunting yard,
  tram tracks|permanent way|train b, signal mast c, rail b, overhead mast c, goods wagon b, platform edge b||rural,
  town|n
toll station|17|.5|at|toll booth, toll gate, border crossing, customs post|tollhouse|toll booth b, car b, lorry b,
  barrier arm c, lane marking b||highway|n
field|20|1|in|wheat field, ploughed field, meadow, potato field, pasture, crop field, farmland, grassland,
  field with cows|acre|tractor b, cow b, hay bale c, scarecrow c, fence post c, tree c, combine harvester b||rural|y
vegetable field|5|.7|in|lettuce field, cabbage field, strawberry field, field with crop rows, crop field close up,
  rows of vegetables|truck farm|lettuce s, cabbage s, farm worker c, crate of lettuce b, sprinkler c||rural|n
tennis court|12|.7|on|basketball court outdoors, clay court, sports court, outdoor court, skate park|court for tennis|
  net b, tennis player c, umpire chair b, ball basket b, fence b, basketball hoop b||open|n
graveyard|8.5|.6|in|cemetery, churchyard, burial ground|necropolis|gravestone b, stone cross b, cypress c,
  flower vase c, grave candle c||rural, open|n
zoo enclosure|9|.6|in|zoo, animal park, safari park, petting zoo|menagerie|elephant b, giraffe c, lion b, zebra b,
  fence b, boulder s, visitor c||open|n
river bank|18|.7|on|riverside, lake shore, river, lakeside, stream, pond with ducks|waterside|duck s, boat b, reed c,
  willow c, angler c, boulder s||rural, open|n
mountain trail|14|.8|on|mountain path, alpine trail, rocky path, path on a hillside, rocky slope, desert track,
  canyon path|scree trail|boulder s, hiker c, signpost c, fir tree c, cairn s||rural, open|n
mountain panorama|80|.7|in|mountain landscape, mountain range, valley seen from above, landscape with mountains,
  skyline of a city, city seen from a hill, panorama of a city, coast seen from a cliff|vista over peaks|mountain s,
  church tower c, village b, cable car b, viewing platform b||open|n
quarry|28|.6|in|gravel pit, open-cast mine, stone quarry, sand quarry, landfill|stone pit|dumper truck b, excavator b,
  conveyor b, pile of gravel s, bulldozer b||open|n
scrapyard|8.5|.6|in|junkyard, recycling yard, car breaker's yard, scrap heap, lumber yard, timber yard|wrecking yard|
  scrap car b, pile of tyres c, crane c, rubbish container b, oil barrel c, stack of planks b||town|n
container terminal|26|.6|in|container yard, cargo port, freight yard, freight terminal|container depot|
  shipping container b, container crane b, lorry b, reach stacker b, dock worker c||town, open|n
solar farm|11|.5|in|solar park, field of solar panels, wind park, electrical substation|photovoltaic plant|
  solar panel b, inverter box b, fence b, wind turbine c, transformer b||rural|n
rooftop|10|.7|on|flat roof, roof terrace, roof of a building, roof with chimneys|top of a tower block|chimney c,
  ventilation box b, satellite dish s, railing b, deck chair b, water tank c||open, town|n
boat deck|6|.7|on|deck of a ship, ferry deck, deck of a sailing boat, yacht deck|main deck of a vessel|mast c,
  lifebuoy c, railing b, rope coil c, lifeboat b, deck chair b||open|n
snowy street|11|.7|on|street in winter, road covered with snow, snow-covered road, street at night,
  street in the rain, foggy road|wintry thoroughfare|parked car b, snow plough b, snow heap s, lamp post c, house b,
  pedestrian c|street|houses, town|n
bench at a bus stop|4.5|.6|at|seat at a bus stop, ticket machine in the street, street corner kiosk, newspaper stand,
  phone box, vending machine in the street|roadside shelter|bench b, passenger c, ticket machine b, waste bin c,
  timetable board b||town|n
place full of people|7|.8|in|crowd of people, group of people outdoors, people walking in the street,
  people waiting outdoors, outdoor café, café terrace, beer garden, street festival|throng|pedestrian c, pushchair b,
  café table c, parasol c, dog s, balloon s|market|town, open|n
""",
    "table": """
desk|.85|4|on|writing desk, computer desk, work desk, study desk, school desk top, desktop, student's desk, home desk,
  cluttered desk, messy desk, study table, laptop desk, table with a computer, wooden desk, desk with a laptop,
  desk with a computer, desk with papers, tidy desk, desk by a window, desk top, gaming desk, desk surface,
  white desk, writing table, desk with books, home-office desk|bureau, secretary desk||desk|surface|y
office desk|1|4|on|long office desk, cluttered office desk, office table, workstation desk, desk in an office,
  employee's desk, clerk's table, working table, office worktop, desk with a monitor, desk with two monitors,
  desk with a computer screen, desk in a cubicle, reception desk top, long desk, shared desk, row of office desks,
  desk with an office chair, standing desk, desk with a keyboard and a monitor, receptionist's desk|clerk's desk,
  desk at work|desk phone b, in-tray b|desk|surface, work|y
kitchen counter|.8|4|on|kitchen worktop, kitchen countertop, kitchen work surface, kitchen bench,
  counter in a kitchen, kitchen counter top, cooking counter, kitchen unit top, granite countertop, counter top,
  kitchen worktop with appliances, countertop, worktop, counter with dishes, marble counter,
  kitchen counter with food, counter next to the sink, cluttered kitchen counter, tiled kitchen counter|
  kitchen sideboard top, galley worktop||counter|surface, wet|y
table|.75|5|on|table top, wooden table, plain table, round table, tabletop, laminate table, low wooden table,
  square table, side table, glass table, plastic table, white table, display table, folding table, oak table,
  tabletop in a laboratory, round wooden table, round dark table, light-wood table, dark wooden table, metal table,
  desk-like table, table with objects, table with several objects, table with cups, table with groceries,
  table covered with a cloth, black table, grey table, tabletop with household objects, table with tools and boxes,
  table with household items, robot's table|tabletop surface, timber table||tabletop|surface|y
kitchen table|.9|3|on|breakfast table, table in a kitchen, family table, table with breakfast, eating table,
  family breakfast table, table with food, table with cereals, table with bread and butter, table in the kitchen,
  wooden kitchen table|table for breakfast||counter, tabletop|surface|y
dining table|1.15|2.5|on|dinner table, laid table, table set for dinner, supper table, table with plates,
  dining-room table, table with plates and glasses, table with dinner, long dining table, restaurant table,
  table in a restaurant, table for four|table laid for guests||dinner|surface, home|y
banquet table|2.2|.8|on|long banquet table, table set for thirty guests, feast table|wedding dinner table||dinner|
  grand|n
coffee table|.9|2.5|on|low table, living-room table, sofa table, table in front of the sofa, glass coffee table,
  lounge table, table in a living room, table beside a sofa|occasional table|magazine b, remote control b, cup c,
  candle c, coaster c|tabletop|home, surface|n
workbench|.9|4|on|work bench, carpenter's bench, tool bench, workshop table, garage workbench, bench with tools,
  tool table, wood bench, mechanic's bench, workbench top, repair bench, work surface with tools,
  workbench with tools, table with tools, wooden workbench, cluttered workbench, table in a workshop, soldering table,
  assembly bench, hobby workbench|joiner's bench, bench in a workshop||bench|tools|y
bedside table|.7|2|on|nightstand, night table, bedside cabinet top, table beside the bed, night stand, bedside shelf,
  table next to a bed, bedside cabinet|bedside stand||nightstand|home, surface|y
lab bench|.85|2|on|laboratory bench, laboratory table, chemistry bench, bench in a laboratory, experiment table,
  chemistry table, bench with glassware, table in a laboratory, lab table, bench with a microscope,
  laboratory counter, electronics bench|chemist's worktop||labbench|surface, wet|y
shelf|.75|2.5|on|wall shelf, bookshelf board, shelf board, storage shelf, mantelpiece, shelf on the wall,
  wooden shelf, kitchen shelf, book shelf, rack board, bookshelf, shelf with books, shelf with boxes,
  shelf with bottles, white shelf, metal shelf with boxes, shelf in a shop, display shelf, shelf with jars,
  bathroom shelf, shelf with shoes, cabinet shelf|ledge||shelf|surface, home|n
conference table|1.6|1.5|on|meeting table, boardroom table, long meeting table, boardroom desk,
  table in a meeting room, seminar table, meeting table with chairs, long table with office chairs,
  long conference table|negotiating table||conference|work|y
picnic table|1.2|1|on|garden table, outdoor table, patio table, table in a garden, table outdoors,
  wooden garden table, terrace table|beer-garden table|picnic basket b, paper plate c, lemonade jug c, cool box b,
  barbecue sausage c|tabletop|open|n
billiard table|1.7|.9|on|pool table, snooker table, table tennis table|ping-pong table, baize table||billiard|surface|
  y
bar counter|1|1.5|on|bar, pub counter, café counter, bar top, bar in a pub, counter of a bar|taproom counter||bar|
  surface|y
shop counter|1|1.2|on|sales counter, checkout counter, cash desk, counter of a shop, cashier's counter,
  reception counter|till counter||parcel|surface, aisle|n
conveyor belt|1|1.5|on|checkout belt, sorting belt, parcel belt, belt conveyor, baggage belt, production belt,
  conveyor, moving conveyor, conveyor with boxes, conveyor with parcels, luggage belt, airport baggage belt,
  roller conveyor, conveyor line|moving belt||parcel|surface|n
parcel bin|.7|2|in|storage bin, plastic tote, picking bin, warehouse tote, box for picking, tote box,
  crate for picking, container for order picking, plastic bin, grey bin with objects, bin with products,
  crate with parts, bin full of objects, blue plastic box, cardboard bin, open crate, tote with items,
  bin of mixed objects, plastic crate on a table|order-picking crate|carton b, shampoo bottle c, tennis ball s,
  cracker box b, toy block b, pack of batteries b, soup can c, bag of crisps b||surface|n
windowsill|.65|1.2|on|window ledge, window sill, sill, sill with flower pots, window ledge with plants|
  ledge under a window|flower pot c, cactus s, watering can c, sleeping cat s, candle c, orchid c|shelf|surface|n
stove top|.7|1.5|on|hob, cooker top, stove, gas hob, hotplate, cooker, electric hob, gas stove, stove with pots,
  stove with pans, cooktop, induction hob|cooking range top||stove|wet, surface|y
kitchen sink|.6|1.2|in|sink, sink full of dishes, washing-up sink, sink in the kitchen, wash basin with dishes,
  dish sink, sink with dishes, stainless-steel sink, sink with dirty plates|scullery basin|dish c, cup c,
  cutlery basket c|stove|wet|y
serving tray|.48|1.2|on|tray, breakfast tray, tea tray, tray with breakfast, coffee tray, waiter's tray,
  tray with food, tray with cups, cafeteria tray, lunch tray|salver|teapot s, teacup c, sugar bowl s, biscuit c,
  milk jug c, egg cup c, jam jar c||surface|y
cutting board|.45|1.2|on|chopping board, bread board, wooden board in the kitchen, vegetable chopping board,
  kitchen board, board with vegetables, wooden cutting board, board with bread|butcher's block|bread loaf b,
  kitchen knife b, carrot c, tomato s, onion s, slice of bread b, lemon s, clove of garlic s, cube of cheese b||
  surface|y
plate of food|.4|1.2|on|dinner plate, lunch plate, plate, plate with a meal, breakfast plate, meal, plate with food,
  plate of pasta, bowl of soup, plate with a sandwich, plate with vegetables, pizza on a plate, lunch, dish with rice|
  dish of food||meal|surface|y
chess board|.5|1|on|chessboard, board game, draughts board, board with chess pieces, game board, backgammon board|
  checkerboard||board|surface|y
sewing table|.75|1.2|on|craft table, drawing table, hobby table, artist's table, tailor's table, painter's table,
  handicraft table, drawing board|needlework table||craft|surface|y
instrument table|.6|1|on|surgical tray, instrument tray, operating instrument table, surgeon's tray,
  tray with surgical instruments, dental tray|Mayo stand||surgery|wet, surface|y
watchmaker's bench|.24|1|on|jeweller's bench, goldsmith's bench, watch repair mat, watch repair bench,
  clockmaker's table, jeweller's table|horologist's bench||watch|fine|y
coin tray|.2|.8|on|coin album, stamp album page, tray of a collector, coin collection, stamp collection, coin case|
  numismatist's tray|silver coin c, bronze coin c, postage stamp b, magnifying glass c, medal c||fine|y
circuit board|.11|1.2|on|printed circuit board, motherboard, electronics board, electronic circuit, printed board,
  computer mainboard, circuit card|PCB||chip|fine|y
petri dish|.08|1|on|culture dish, agar plate, specimen dish, laboratory culture dish, bacteria culture, agar dish|
  bacterial culture plate||specimen|fine|y
microscope slide|.018|1|on|microscope stage, glass slide, specimen slide, slide under a microscope, microscope view,
  sample under a microscope, microscopic specimen|microscopy mount|pollen grain s, red blood cell s, insect leg c,
  salt crystal b, amoeba s, plant cell b||fine|y
doll's tea table|.2|1.3|on|dollhouse tea table, doll's table, toy tea table, tiny table for dolls, toy tea set,
  doll-sized tea table|tea table for dolls||dolltable|mini|y
toy workshop bench|.28|1.3|on|toymaker's bench, toy workbench, model maker's table, child's toy workbench,
  toy repair table, hobby bench with toys, toymaker's table|bench in a toy workshop||toybench|tools, mini|y
market stall|1.7|1.2|on|fruit stall, vegetable stand, market stand, vegetable stall, stall with fruit, farm stand,
  stand with fruit, fruit and vegetable display, table with fruit boxes, market table|greengrocer's display||stall|
  open|y
rug|1.4|1.5|on|carpet, play rug, nursery floor, living-room floor, floor, floor of a room, carpet on the floor,
  parquet floor, carpeted floor, tiled floor, wooden floor seen from above, floor with toys, floor with cables,
  floor with shoes, ground in front of the robot, bath mat, kitchen floor|playmat||floor|home|n
sandbox|1.4|.8|in|sandpit, sand box, play sand, box of sand, sand pit for children|sand play pit||sand|open|y
pallet|1.8|1.2|on|wooden pallet, euro pallet, loaded pallet, pallet of goods, pallet on the floor, transport pallet,
  pallet with boxes, pallet loaded with sacks, stacked boxes on a pallet|shipping skid||pallet|hall|y
lorry bed|2.5|.8|on|loading bed of a lorry, truck bed, trailer platform, truck trailer, loading area of a truck,
  cargo bed|flatbed|wooden crate b, tyre c, cement mixer c, roll of cable c|pallet|town|n
garden bed|1.5|.8|in|flower bed, vegetable patch, raised bed, planting bed, garden patch, vegetable bed,
  bed of flowers, patch of vegetables, strawberry bed, planter with flowers|herb border|lettuce s, tulip c, cabbage s,
  plant label b, watering can c, pumpkin s||open, rural|n
robot work table|.75|2|on|manipulation table, table in front of a robot arm, table of a robot, robot workspace,
  table under a robot gripper, pick-and-place table, calibration table, table with cubes, tabletop scene|
  robot manipulator's worktop|wooden block b, toy block b, calibration board b, gripper b, mug c, foam brick b,
  plastic bottle c|tabletop|surface|n
bookshelf full of books|.85|1.5|in|bookcase, full bookshelf, row of books, bookcase with books, book shelf up close,
  record shelf, shelves with books|book-lined shelving|book b, picture frame b, globe s, box file b, vase c,
  bookend b, folder b|shelf|surface, home|n
shop shelf|1|1.3|in|supermarket shelf, shelf with products, grocery shelf, shelf of drinks, shelf with cereal boxes,
  store shelf, shelf of a vending machine, refrigerated shelf|retail gondola|cereal box b, bottle of cola c,
  price label b, can of soup c, juice carton b, bag of crisps b, jar of jam c||aisle|n
shelf in a storeroom|1.1|1.2|on|warehouse shelf, shelf with boxes and bins, shelf in a garage, shelf in a cellar,
  metal rack, shelf with tools, shelf with paint cans, picking shelf|stock rack bay|cardboard box b, storage box b,
  paint can c, plastic bin b, toolbox b, roll of cable c|pallet|storage|n
bathroom counter|.65|1.2|on|washbasin top, bathroom sink, vanity top, sink counter, edge of a washbasin,
  bathroom washbasin|lavatory counter|toothbrush c, soap dispenser c, tube of toothpaste c, towel b, hair dryer c,
  perfume bottle c, tap c, razor c||wet|y
dressing table top|.65|.8|on|make-up table, vanity table, dresser top, chest of drawers top|cosmetics table|
  perfume bottle c, lipstick c, hairbrush c, jewellery box b, hand mirror c, cream jar c|nightstand|home|n
café table top|.7|1.5|on|table in a café, restaurant table with cups, bistro table, table with coffee and cake,
  bar table|coffee-house table|coffee cup c, cake c, sugar shaker c, menu card b, saucer c, glass c, napkin b,
  croissant b|bar|surface, home|n
pupil's desk top|.8|1|on|pupil's table, table in a classroom, table in a library, reading desk, exam table|
  scholar's desk|exercise book b, pencil case b, book b, ruler b, eraser b, water bottle c, calculator b|desk|surface|
  n
open toolbox|.5|1|in|tool box with tools, tool drawer of a workshop, tool case, tool bag, tray with screws,
  parts tray|tool caddy|screwdriver c, wrench b, hammer b, pair of pliers b, tape measure b, box of screws b,
  drill bit c||tools|y
tool wall|1.2|.9|on|pegboard with tools, wall with tools, tool rack, tool panel|tool board|hammer b, hand saw b,
  wrench b, screwdriver c, clamp b, roll of tape c, spirit level b|bench|tools|n
bin of metal parts|.7|1.2|in|bin full of parts, box of machine parts, crate of castings, bin of screws,
  bin picking scene, container of metal parts, bin with pipe fittings|parts hopper|metal ring c, bolt c, gear c,
  pipe fitting c, bracket b, piston rod c||surface, tools|y
assembly station|.85|1|on|assembly table, production work place, packing table, packing station, inspection table,
  machine table, milling machine table, welding table|fitter's work place|screw box b, power screwdriver c,
  metal bracket b, gearbox b, work light c, part tray b, carton b|bench|tools|n
laundry basket|.75|.8|in|basket of laundry, laundry bin, basket with clothes, pile of clothes|hamper|folded towel b,
  sock s, T-shirt b, pair of jeans b, shirt b||home|n
toy box|.65|.9|in|box of toys, toy chest open, toy basket, crate with toys|plaything crate|teddy bear s, toy car b,
  building block b, doll s, ball s, toy train b, puzzle box b||home|n
bed top|1.3|1|on|unmade bed, bed seen from above, bed with clothes, mattress with pillows, made bed|counterpane|
  pillow b, duvet b, book b, phone b, teddy bear s, folded shirt b, sleeping cat s|nightstand|home|n
sofa seat|1.2|.9|on|seat of a sofa, couch with cushions, armchair seat, sofa with a blanket|settee seat|cushion b,
  throw blanket b, remote control b, sleeping cat s, book b, laptop b||home|n
chair seat|.8|.8|on|seat of a chair, stool, wooden stool, kitchen stool, chair with clothes|stool top|book b,
  folded shirt b, backpack b, cushion b, mug c||home, surface|n
barbecue grill|.8|.8|on|grill, charcoal grill, barbecue, camping stove top|broiling grate|sausage c, steak b,
  corn cob c, grill tongs c, hamburger c, pepper s||open|n
potting bench|.8|.6|on|gardening table, plant table, table with plants, shelf with plants|gardener's bench|
  flower pot c, seed tray b, watering can c, trowel b, cactus s, bag of soil b||open, surface|n
oven tray|.55|.8|on|baking tray, baking sheet, cookie sheet, cake tin|bakeware sheet|biscuit c, bread roll s, pizza c,
  muffin c, potato s, chicken leg c||surface|n
bowl of fruit|.5|1|in|fruit bowl, bowl with apples, basket of fruit, salad bowl close up, bread basket close up|
  compote of fruit|apple s, banana c, orange s, pear s, grape s, lemon s, kiwi s||surface|y
vase of flowers|.5|.9|in|bouquet, flowers in a vase, bunch of flowers close up, potted flower, house plant close up|
  floral arrangement|tulip c, rose s, daisy s, vase c, leaf s, sunflower c||surface, home|n
hand holding an object|.42|1|in|hand, hand with a phone, hand holding a cup, fingers holding something,
  gripper holding an object, gripper camera view, wrist camera view|palm with an item|phone b, cup c, key b, apple s,
  ball s, pen c, card b, bottle cap c||surface|n
keyboard in close-up|.45|1|on|laptop keyboard, keyboard and mouse, computer keyboard up close, piano keys,
  desk seen from close|keypad|computer mouse s, pen c, sticky note b, coffee mug c, USB stick b, headphones case b||
  surface|n
open book|.4|1|on|page of a book, open notebook, newspaper page, sheet of paper, map, letter, document on a desk|
  printed leaf|pen c, pencil c, eraser b, paper clip c, ruler b, pair of glasses b, bookmark b||surface|n
face|.6|1|in|portrait of a person, face of a man, face of a woman, person's head, selfie, close-up of a person|visage|
  pair of glasses b, hat c, headset b, scarf b, beard s, earring s||home, surface|n
pet on the floor|1.3|1|on|dog on the floor, cat on a carpet, cat on a sofa, dog on a rug, sleeping dog|
  household animal on a mat|cat s, dog s, pet bowl c, tennis ball s, cushion b, scratching post c|floor|home|n
cat in close-up|.55|.7|in|cat's face, dog's face, dog close up, hamster in a hand, rabbit close up|feline portrait|
  cat s, dog s, collar c, whisker c, cushion b||home|n
flower in close-up|.22|1|in|single flower, macro photo of a flower, blossom, rose in close-up, mushroom in close-up|
  bloom in macro|bee s, petal b, dewdrop s, leaf s, bud s, stem c||fine|n
leaf in close-up|.1|.8|on|single leaf, leaf in macro, tree bark in macro, blade of grass, butterfly in macro|
  foliage detail|ladybird s, caterpillar c, dewdrop s, leaf vein c, snail s||fine|n
insect on a leaf|.055|.8|on|macro photo of an insect, insect close up, spider in macro, bee on a flower,
  ant on a twig|bug portrait|ant s, beetle s, fly s, spider s, aphid s, pollen grain s||fine|n
wristwatch|.16|.8|on|watch dial, watch, watch close up, ring on a finger, key in close-up, fingertip|timepiece|
  watch hand b, crown c, watch strap b, ring c, screw c||fine|n
patch panel|.65|.7|on|network switch, server front panel, fuse box, control panel, switchboard, row of sockets,
  electrical cabinet|distribution frame|network cable c, plug b, fuse b, switch b, warning light c, label b,
  push button c||surface, work|n
forest floor|1.3|.9|on|patch of grass, ground, gravel, pebbles, soil, lawn seen from above, asphalt seen from above,
  pavement slabs, leaves on the ground, sandy ground|earth underfoot|pebble s, dry leaf s, small branch c, mushroom c,
  puddle s, pine cone s, clover s||open, rural|n
staircase step|1.2|.7|on|step, doorstep, door mat, threshold, bottom step|stoop|pair of shoes b, parcel b,
  flower pot c, doormat b, umbrella c, milk bottle c||home, surface|n
shopping trolley|.75|.9|in|shopping cart, shopping basket, basket with groceries, trolley with food, shopping bag|
  pushcart of groceries|milk carton b, bread loaf b, bunch of bananas s, cereal box b, lettuce s, bottle of cola c,
  bag of crisps b|parcel|aisle|n
fruit crate|.7|.9|in|crate of fruit, box of apples, crate of vegetables, box of oranges, harvest crate|
  pannier of fruit|apple s, pear s, tomato s, orange s, potato s, cabbage s, carrot c||open, surface|n
waste container|.8|.8|in|rubbish bin seen from above, waste bin with rubbish, recycling bin, sorting belt with waste,
  paper bin|garbage receptacle|plastic bottle c, drinks can c, crumpled paper s, banana peel b, cardboard box b,
  milk carton b||surface|y
refreshment table|1.2|.8|on|buffet, buffet table, table at a party, bar table with drinks, cake table|smorgasbord|
  salad bowl s, serving dish b, stack of plates c, juice jug c, cake c, wine glass c, cutlery basket c|dinner|home|n
piano keyboard|.7|.5|on|piano, grand piano keys, organ keys, synthesizer, mixing desk|clavier|sheet music b,
  metronome b, piano lamp c, slider knob c, headphones case b||home|n
operating field|.32|.6|in|open surgery, surgical wound, laparoscopy view, abdominal cavity, laparoscopic image|
  surgeon's view inside a patient|surgical forceps b, needle holder b, gauze swab b, retractor b, scalpel b,
  suction tube c|surgery|body|n
phone screen|.3|.8|on|smartphone, mobile phone, phone in close-up, tablet screen, pocket calculator|handset display|
  app icon b, fingertip s, phone case b, cable plug b, SIM card b||surface, fine|n
breakfast tray on a bed|.8|.5|on|bed tray, breakfast in bed, tray on a blanket|bed-table|coffee cup c, croissant b,
  egg cup c, juice glass c, newspaper b||home|n
""",
    "tube": """
colon|.035|4|in|bowel, colon in a colonoscopy, colonic lumen, rectum, large bowel, colon in an endoscopy,
  colonoscopy view, intestine, caecum, bowel in an endoscopy, transverse colon, colonoscopy image,
  endoscopic image of the colon, colonoscopy, large intestine, ascending colon, descending colon, colon wall,
  colon with a polyp, colonoscopy frame, phantom colon|gut seen in a colonoscopy, sigmoid||gut|body|y
small intestine|.028|1|in|duodenum, small bowel, jejunum, small gut, duodenum in an endoscopy, upper intestine|ileum||
  gut|body|n
bronchus|.02|2|in|bronchial tube, airway of the lung, bronchus in a bronchoscopy, main bronchus, bronchi,
  bronchoscopy view, lung airway tree branch, lower airway, bronchial airway, bronchoscopy image, bronchoscopy,
  bronchial passage, airway in a lung|lung airway||airway|body|y
trachea|.03|1|in|windpipe, trachea in a bronchoscopy, upper airway, trachea in an endoscopy, throat, larynx|
  throat airway|cartilage ring c, carina b, breathing tube c|airway|body|n
stomach|.06|2|in|stomach in a gastroscopy, gastric cavity, gastric antrum, gastroscopy view, stomach in an endoscopy,
  gastric body, belly, gastroscopy, gastroscopy image, gastric wall|belly seen by gastroscope||stomach|body|y
oesophagus|.03|1.5|in|esophagus, gullet, oesophagus in a gastroscopy, oesophagus in an endoscopy,
  upper digestive tract, swallowing tube|food pipe||stomach|body|n
bladder|.04|.6|in|urinary bladder, bladder in a cystoscopy, urinary tract, bladder in an endoscopy, ureter|
  cystoscopic view of the bladder|bladder stone s, ureter opening s, catheter balloon s, tumour s||body|n
blood vessel|.008|1|in|artery, vein, aorta under an angioscope, coronary artery, carotid artery, capillary,
  vessel of the heart|arterial vessel||vessel|body|y
ear canal|.013|1|in|ear, auditory canal, outer ear canal, ear in an otoscopy, inside of an ear|ear passage||ear|body|n
nasal passage|.022|.8|in|nostril, nose, nasal cavity, inside of a nose, sinus cavity, nose in an endoscopy|sinus||ear|
  body|n
drain pipe|.3|2|in|drainpipe, waste pipe, plastic drain, household drain, sink drain, drainage pipe, bathroom drain,
  gutter pipe, drain, kitchen drain, pipe inspection image, pipe, plastic pipe, inside of a pipe|soil pipe,
  waste-water pipe||pipe|pipe|y
water pipe|.25|1.2|in|mains pipe, copper pipe, supply pipe, cold-water pipe, metal pipe, iron pipe, heating pipe|
  plumbing pipe||pipe|pipe|n
sewer pipe|1.1|1.2|in|concrete sewer pipe, storm drain pipe, sewer line, underground sewer pipe, sewage pipe,
  municipal drain pipe, sewer inspection image, round sewer, concrete pipe|effluent pipe|inspection robot b,
  side inlet c, root s, pipe joint c, puddle s||pipe, tunnel|n
sewer|3.2|1.5|in|walk-in sewer, brick sewer, city sewer tunnel, main sewer, sewer tunnel, old sewer, sewage tunnel,
  underground canal|underground sewerage gallery||sewer|tunnel, pipe|y
culvert|2.6|.7|in|road culvert, stream culvert, drainage culvert|stream passage under a road|puddle s, boulder s,
  tree branch c, concrete ring c||tunnel, pipe|n
ventilation duct|.9|2|in|air duct, air shaft, ventilation shaft, metal duct, ventilation pipe, air channel,
  air-conditioning duct, aluminium duct|HVAC duct||duct|pipe|y
chimney flue|.8|.6|in|chimney, flue, smoke stack interior|smoke duct|soot flake s, brick ledge b, chimney brush c,
  bird's nest s||pipe|n
road tunnel|19|2.5|in|car tunnel, motorway tunnel, traffic tunnel, city tunnel, tunnel for cars, highway tunnel,
  tunnel on a motorway, mountain road tunnel, tunnel, tunnel with cars, tunnel on a road, city road tunnel,
  inside of a tunnel|vehicular tunnel, underpass for cars||tunnel|tunnel|y
railway tunnel|17|2|in|train tunnel, rail tunnel, mountain railway tunnel, tunnel of a railway, tunnel with tracks,
  train line tunnel|tunnel on a train line|rail b, oncoming train b, overhead line c, signal light s, safety niche b,
  sleeper b||tunnel|n
metro tunnel|14|1.2|in|underground railway tunnel, subway tunnel, tube tunnel, underground train tunnel, subway tube,
  metro tube|rapid-transit tunnel|rail b, subway train b, cable duct b, signal light s, third rail b||tunnel|n
mine gallery|6|2|in|mine tunnel, coal mine, mine drift, pit gallery, mine, underground mine, mining tunnel, gold mine,
  salt mine, mine shaft, mine passage, tunnel in a mine, rock tunnel|mine adit, colliery roadway||mine|tunnel|y
cave passage|5|1|in|cave tunnel, narrow cave, limestone passage, tunnel in a cave, rock passage, lava tube|
  spelunking passage||cave|tunnel, walls|n
pipeline|2|.8|in|large steel pipe, gas pipeline, oil pipeline, big pipeline, steel pipeline, pipe you can stand in|
  man-sized pipe||plant|pipe|n
penstock|5|.6|in|hydropower pressure pipe, giant water pipe, dam conduit|hydroelectric conduit||plant|tunnel|n
service tunnel|4|1|in|utility tunnel, cable tunnel, maintenance tunnel, supply tunnel, underground service passage,
  heating tunnel|supply gallery|cable tray b, steam pipe c, tunnel lamp b, valve wheel c||tunnel|n
accelerator tunnel|9|.6|in|particle accelerator tunnel, collider tunnel, synchrotron ring|cyclotron gallery|
  beam magnet c, cryostat c, cable tray b, vacuum pump c||tunnel|n
lift shaft|8|.8|in|elevator shaft, hoistway, lift well, elevator well, shaft of a lift|hoist shaft||shaft|tunnel|n
well|4|.7|in|well shaft, stone well, water well, old well, deep well, fountain shaft|draw well|bucket c, iron rung c,
  water surface c, mossy stone s||walls, pipe|n
water slide|2.6|.7|in|tube slide, slide tube, flume, pool slide, swimming-pool slide|aqua-park chute|child c,
  swimming ring c, water jet c, swimmer s||pipe|n
garden hose|.03|.8|in|hose, rubber hose, hosepipe, water hose, flexible hose, watering hose|sprinkler tubing||
  smalltube|pipe|n
drinking straw|.012|.8|in|plastic straw, thin straw, capillary tube, straw, straw for drinks, thin plastic tube|
  sipping straw||smalltube|fine|n
cardboard tube|.16|1|in|paper tube, kitchen-roll tube, poster tube, cardboard roll, tube of paper, mailing tube|
  toilet-paper core|cork c, rolled poster c, rubber band c, marble s||mini|n
marble-run tube|.09|.8|in|marble run, toy marble tube, plastic marble track, toy marble run, tube for marbles|
  marble chute|glass marble s, plastic bend c, steel ball s||mini|y
toy train tunnel|.28|1.2|in|model railway tunnel, tunnel of a toy train, papier-mâché tunnel,
  tunnel on a model railway, tunnel for toy trains|toy railroad tunnel||toytrack|mini, toys|y
rabbit burrow|.28|.8|in|burrow, mole tunnel, animal den, mouse hole, rabbit hole, badger den, tunnel of a mole|
  fox earth||burrow|walls|n
jet engine intake|2|.6|in|turbine intake, engine inlet, jet turbine|aero-engine nacelle|turbine blade b,
  spinner cone s, inspection lamp c|plant|pipe|n
rocket fuselage|3.6|.6|in|aircraft fuselage shell, rocket body, empty fuselage|airframe barrel|stringer c,
  frame ring c, cable bundle c, riveted panel b||hall|n
engine cylinder|.09|.8|in|cylinder bore, engine bore, motor cylinder, cylinder of an engine, engine bore wall,
  piston chamber|combustion chamber|valve c, piston c, spark plug c, oil drop s||fine, pipe|n
boiler tube|.09|.6|in|heat-exchanger tube, steam tube, boiler pipe, tube of a boiler, heat exchanger pipe|
  condenser tube|limescale lump s, rust patch s, welding seam c||pipe|n
""",
}

# Other names of objects: train names / names kept for the unseen wording.
SYNONYMS = """
refrigerator: fridge, fridge-freezer / icebox
sofa: couch, settee / loveseat
television: TV, television set, flat screen / telly
wardrobe: closet, clothes cupboard / armoire
night stand: bedside table / night table
armchair: easy chair, lounge chair / wing chair
bookcase: bookshelf, book shelf / book rack
stove: cooker, hob / kitchen range
washbasin: sink, bathroom sink / hand basin
bathtub: bath, tub / soaking tub
toilet: toilet bowl / lavatory bowl
waste bin: trash can, bin, waste basket / wastepaper bin
water heater: hot-water tank, hot-water boiler / geyser
washing machine: washer / laundry machine
tumble dryer: dryer, clothes dryer / laundry dryer
storage rack: shelving unit, storage shelf / stacking rack
cardboard box: carton, box, moving box / packing case
motorcycle: motorbike, bike / two-wheeler
bicycle: bike, push-bike / pedal bike
lawnmower: mower, lawn mower / grass cutter
stepladder: ladder, step ladder / steps
computer monitor: monitor, screen, display / VDU
office chair: desk chair, swivel chair / task chair
desk: work desk, office desk / workstation
whiteboard: dry-erase board / marker board
blackboard: chalkboard / slate board
row of seats: row of chairs / bank of seats
lectern: speaker's desk / rostrum
bookshelf: shelf of books, bookcase / library shelf
hospital bed: patient bed, clinic bed / sickbed
nurse: hospital nurse / medic
drip stand: IV stand, IV pole / infusion stand
stretcher: gurney, trolley bed / litter
shopping trolley: shopping cart, trolley / grocery cart
customer: guest, client / patron
shopper: customer, buyer / purchaser
forklift: forklift truck, fork-lift / stacker truck
pallet rack: storage rack, high rack / racking bay
stack of cartons: pile of boxes, stack of boxes / heap of cartons
steel drum: oil drum, metal barrel / oil barrel
industrial robot: robot arm, welding robot / manipulator
lorry: truck, heavy goods vehicle / juggernaut
airliner: passenger jet, passenger plane, jet / jumbo jet
propeller plane: light aircraft, small plane / turboprop
pew: church bench / church pew
parked car: car at the kerb, stationary car, car / parked vehicle
car: automobile, saloon car, hatchback / motor car, sedan
pedestrian: person, passer-by, man walking / walker, person on foot
street lamp: lamp post, street light / lamppost lantern
house: family house, detached house, home / dwelling
tree: leafy tree, tall tree / deciduous tree
traffic light: traffic signal, set of lights / stoplight
apartment building: block of flats, apartment block / tenement
wheelie bin: rubbish bin, garbage bin / trash cart
hedge: green hedge, box hedge / hedgerow
tram: streetcar, tramcar / light-rail car
bus: city bus, coach / omnibus
taxi: cab, yellow cab / minicab
van: delivery van, minivan / panel van
cyclist: bike rider, person on a bike / bicyclist
articulated truck: semi-trailer, trailer truck / eighteen-wheeler
excavator: digger, hydraulic excavator / backhoe
traffic cone: road cone, orange cone / safety cone
construction worker: builder, site worker / labourer
mug: coffee mug, cup, tea mug / drinking mug, beaker
bowl: dish, soup bowl, cereal bowl / basin
cereal box: box of cereal, cornflakes box / box of cornflakes
mustard bottle: bottle of mustard, squeezy mustard / yellow mustard squeezer
cordless drill: drill, power drill, electric drill / battery drill
keyboard: computer keyboard / PC keyboard
computer mouse: mouse, PC mouse / wireless mouse
laptop: notebook computer, laptop computer / portable computer
coffee mug: mug, cup of coffee, cup / coffee beaker
desk lamp: lamp, table lamp, reading lamp / anglepoise lamp
pen: ballpoint pen, biro / fountain pen
magazine: glossy magazine, journal / periodical
water bottle: bottle, bottle of water, plastic bottle / drinks bottle
telephone: phone, desk phone / landline
cup: mug, paper cup, coffee cup / tea cup
book: hardback book, novel, paperback / volume
kettle: electric kettle, tea kettle / water boiler
saucepan: pot, cooking pot / cooking pan
frying pan: pan, skillet / non-stick pan
chopping board: cutting board, bread board / carving board
coffee machine: coffee maker, espresso maker / filter coffee maker
soup can: can of soup, tin can, can / tin of soup
banana: ripe banana / plantain
plate: dinner plate, dish / platter
glass: drinking glass, tumbler, glass of water / water glass
pitcher: jug, water jug / ewer
vase: flower vase, vase of flowers / glass vase
bleach bottle: cleaner bottle, bottle of bleach / detergent flask
cracker box: box of crackers, crackers / biscuit carton
sugar box: box of sugar, sugar packet / carton of sugar
hammer: claw hammer, steel hammer / mallet
screwdriver: cross-head screwdriver / turnscrew
wrench: spanner, adjustable wrench / monkey wrench
toolbox: tool box, tool case / tool chest
wine glass: glass of wine, wine goblet / stemmed glass
alarm clock: clock, digital clock / bedside clock
table lamp: lamp, bedside lamp / lampshade light
remote control: TV remote, remote / zapper
tissue box: box of tissues / Kleenex box
apple: red apple, green apple / cooking apple
polyp: small growth, sessile polyp, pedunculated polyp / intestinal polyp
mucosal fold: fold, fold of mucosa / tissue fold
ulcer: bleeding ulcer, sore / mucosal lesion
toy car: toy automobile, little toy car / die-cast car
matchbox car: die-cast toy car / toy sports car
plastic tree: model tree, toy tree / plastic fir
model house: toy house, kit-built house / scale-model house
doll: china doll, rag doll / tiny doll figure
thimble-sized chair: doll's chair, matchstick chair, thumb-high chair / doll-sized seat
doll's bed: dollhouse bed, cradle for a doll / doll-sized bed
goldfish: fish, small fish / ornamental fish
rat: sewer rat / rodent
room door: hotel room door, numbered door / bedroom door
locker: metal locker, school locker / student locker
door: closed door, office door, white door / doorway
fire extinguisher: red extinguisher / extinguisher
passenger: traveller, commuter / rider
park bench: bench, wooden bench / public bench
mine cart: ore wagon, mining cart / tub wagon
miner: mine worker / collier
suitcase: travel case, trolley case / valise
child: kid, small child / youngster
plastic chair: school chair, chair / pupil's seat
dining chair: chair, wooden chair / dining seat
wooden chair: chair, café chair / bentwood chair
potted plant: house plant, plant, pot plant / indoor plant
school desk: pupil's desk, student desk / pupil's table
student: young person, learner / undergraduate
teddy bear: stuffed bear, soft toy / plush bear
rubbish container: dumpster, skip / refuse container
petrol pump: gas pump, fuel pump / fuel dispenser
floor lamp: standing lamp, standard lamp / uplighter
cushion: sofa cushion, pillow / throw pillow
curtain: drape, window curtain / net curtain
chest of drawers: dresser, drawer unit / commode
bed: double bed, single bed, unmade bed / divan
pillow: white pillow, head pillow / bed pillow
metal shelf: shelf, storage shelf, steel shelf / steel rack
workbench: work table, bench / joinery bench
crash barrier: guard rail, guardrail / Armco barrier
"""

# Objects whose colour is not free; "-" means the colour is never mentioned.
COLOURS = """
green, brown: tree, oak tree, street tree, apple tree, pine tree, bush, fern, birch, hedge, plastic tree,
  potted plant, tomato plant, palm, palm tree, willow, fir tree, aquarium plant, cactus, lettuce, cabbage, root,
  dry leaf, leaf, sponge bush, lichen bush
yellow, green: banana, lemon, pear, melon
red, green, yellow: apple
orange: orange, carrot, pumpkin, goldfish, traffic cone
red: tomato, cherry tomato, strawberry, fire extinguisher, fire engine, red blood cell, blood clot,
  box of strawberries
pink, red: polyp, mucosal fold, haustral fold, gastric fold, ulcer, adenoma, diverticulum, tumour, nodule, pylorus,
  bronchial branch, carina, mucus plug, cartilage ring, vessel branch, appendix opening, gastric varix, nasal polyp,
  turbinate, nasal septum, ureter opening
yellow: mustard bottle, butter dish, taxi, pat of butter
white, brown: toilet, washbasin, egg, egg box, potato, onion, sugar box, fried egg
grey, brown, black: rat, boulder, stalagmite, stalactite, rock pillar, stone column, concrete pillar, concrete column,
  pebble, mossy stone, pile of sand, sand dune, rail, laboratory mouse, brick wall, stone wall, stone arch, hill,
  puddle, heap of soil, pile of ore, tree stump, fallen trunk
-: window, mirror, glass, wine glass, stained-glass window, drop of water, bubble, water surface, crack,
  field of wheat, zebra crossing, lane marking, row of red seats, cave lake, pond, aisle step, driveway, front garden,
  exit lane, white queen, black knight, swimming lane, crowd of visitors, crowd of spectators, welding seam,
  running track
"""
